import { env, exports } from 'cloudflare:workers';
import { describe, expect, it, vi } from 'vitest';
import type { Environment } from '../../src/edge/environment.ts';
import { R2BlobStore } from '../../src/edge/r2-blob-store.ts';
import { service } from '../../src/edge/service.ts';
import { SWEEPER } from '../../src/files/delete-files.ts';
import { fileLifeContract } from '../contract/file-life.ts';
import { tokenOf } from './client.ts';

const bindings = env as unknown as Environment;

/** The result of a step that comes before the first one. */
const FROM_START = { keys: [], next: '' };

describe('files at the edge', () => {
  fileLifeContract((use) =>
    use({
      request: (path, init) => exports.default.fetch(new Request(`http://localhost${path}`, init)),
      store: new R2BlobStore(bindings.FILES!),
      whileDown: async (act) => {
        const bucket = Object.getPrototypeOf(bindings.FILES) as R2Bucket;
        const logged = vi.spyOn(console, 'error').mockReturnValue();
        const broken = (['put', 'get', 'delete', 'list'] as const).map((name) =>
          vi.spyOn(bucket, name).mockRejectedValue(new Error('R2 is down')),
        );
        await act();
        expect(logged).toHaveBeenCalled();
        for (const method of [...broken, logged]) method.mockRestore();
      },
      sweep: (roomId) => bindings.ROOM.getByName(roomId).execute(SWEEPER, 'sweepFiles', FROM_START),
      tokenFor: (sub, claims = {}) => tokenOf({ sub, ...claims }),
    }),
  );

  it('answers an upload where no bucket is bound with the command that creates one', async () => {
    const { FILES: _, ...without } = bindings;
    const app = service(without, { localOnly: false, guestsByDefault: false });
    const headers = {
      authorization: `Bearer ${await tokenOf({ sub: 'alice' })}`,
      'x-file-name': 'a',
      'content-length': '1',
    };
    const init = { method: 'POST', body: 'a', headers };
    const answer = await app.request('http://localhost/rooms/no-bucket/files', init, without, {
      waitUntil: () => undefined,
      passThroughOnException: () => undefined,
    } as unknown as ExecutionContext);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({
      error: { code: 'unavailable', message: expect.stringContaining('wrangler r2 bucket create') },
    });
  });
});
