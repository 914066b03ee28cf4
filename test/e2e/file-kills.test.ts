import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { ask } from '../support/http-client.ts';
import { Killable } from '../support/killable.ts';
import { tokenFor } from '../support/tokens.ts';
import { filesOnDisk } from '../support/stored-files.ts';
import { assertNothingLost, NO_FILE_QUOTAS, ROOM, uploadRun } from '../support/upload-run.ts';

const MIB = 1024 * 1024;

it('[FILE9] cut uploads and kills leave no bytes without a row, and no message without its file', async () => {
  const host = await Killable.node(NO_FILE_QUOTAS);
  onTestFinished(() => host.remove());
  // A short form of the soak `files`, which makes a thousand uploads.
  const openFiles = () => filesOnDisk(host.folder, ROOM);
  const report = await uploadRun(host, openFiles, { uploads: 60, kills: 2, seed: 1 });
  expect(report.kills).toBe(2);
  expect(report.stored).toBeGreaterThan(10);
  expect(report.cut).toBeGreaterThan(0);
});

it('[FILE9] a full disk makes an upload answer `unavailable`, and keeps nothing of it', async () => {
  const host = await Killable.limited(NO_FILE_QUOTAS, 4 * MIB);
  onTestFinished(() => host.remove());
  const url = await host.start();
  const authorization = `Bearer ${await tokenFor('alice')}`;
  // Each over a connection of its own, since one that was answered before its body was read is closed.
  const upload = (size: number) =>
    ask(url, `/rooms/${ROOM}/files`, {
      method: 'POST',
      headers: { authorization, 'x-file-name': 'a.bin' },
      body: Buffer.alloc(size),
    });
  for (let attempt = 0; attempt < 3; attempt++) {
    const full = await upload(6 * MIB);
    expect(full.status).toBe(503);
    expect(full.json()).toMatchObject({ error: { code: 'unavailable' } });
    const taken = await upload(MIB);
    expect(taken.status).toBe(201);
    const { file } = taken.json() as { file: { fileId: string } };
    const sent = await ask(url, `/rooms/${ROOM}/messages`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ message: '', files: [file.fileId] }),
    });
    expect(sent.status).toBe(201);
  }
  await host.kill();
  const left = await readdir(join(host.folder, 'files'), { recursive: true, withFileTypes: true });
  expect(left.filter((entry) => entry.isFile())).toHaveLength(3);
  await assertNothingLost(() => filesOnDisk(host.folder, ROOM));
});
