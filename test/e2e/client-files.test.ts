import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { build } from 'esbuild';
import { Agent, getGlobalDispatcher, setGlobalDispatcher } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FileRefused, Files } from '../../src/client/files.ts';
import { connect } from '../../src/client/index.ts';
import { hasBrowser, sharedBrowser } from '../support/browser.ts';
import { PROJECT } from '../support/program.ts';
import { newRoom, useHosts } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';

const hosts = useHosts({ MAX_FILE_BYTES: '1000000' });

describe.each(['node', 'edge'] as const)('files of the client library at the %s host', (host) => {
  it('uploads a file, sends it, and reads it from its address', async () => {
    const roomId = newRoom();
    const { url } = hosts[host];
    const token = () => tokenFor('alice');
    const client = connect({ url, token });
    const files = new Files({ url, token });
    const progress: [number, number][] = [];
    const file = await files.upload(roomId, new File(['hello'], '照片.txt'), {
      onProgress: (...step) => progress.push(step),
    });
    expect(file).toMatchObject({ name: '照片.txt', size: 5 });
    expect(progress.at(-1)).toEqual([5, 5]);
    const message = await client.room(roomId).send('', { files: [file.fileId] });
    expect(message.files).toEqual([file]);
    const address = await files.address(roomId, file.fileId);
    expect(await (await fetch(address)).text()).toBe('hello');
    expect(await files.address(roomId, file.fileId)).toBe(address);
    client.close();
  });

  it('gets a newer token where the old one has expired', async () => {
    const tokens = [await tokenFor('alice', { exp: 1 }), await tokenFor('alice')];
    const files = new Files({ url: hosts[host].url, token: () => tokens.shift() ?? '' });
    expect(await files.upload(newRoom(), new Blob(['hello']))).toMatchObject({ name: 'file' });
  });

  it('says why a file is refused, and aborts an upload by its signal', async () => {
    const files = new Files({ url: hosts[host].url, token: await tokenFor('alice') });
    const tooBig = files.upload(newRoom(), new Blob([new Uint8Array(1_000_001)]));
    await expect(tooBig).rejects.toMatchObject({ problem: { code: 'too_large' } });
    const life = new AbortController();
    const ended = files.upload(newRoom(), new Blob(['x']), { signal: life.signal });
    life.abort(new Error('enough'));
    await expect(ended).rejects.toThrow('enough');
    const nowhere = new Files({ url: 'http://127.0.0.1:1', token: 'x' });
    await expect(nowhere.upload('general', new Blob(['x']))).rejects.toBeInstanceOf(FileRefused);
  });
});

it('sends a file again where the server closes a kept-alive connection as it is used', async () => {
  const used = new Set<Socket>();
  let broken = 0;
  const server = createServer((request, response) => {
    if (used.has(request.socket)) {
      broken++;
      request.socket.destroy();
      return;
    }
    used.add(request.socket);
    request.resume().on('end', () => response.end('{"file":{"name":"file"}}'));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const usual = getGlobalDispatcher();
  setGlobalDispatcher(new Agent());
  onTestFinished(() => setGlobalDispatcher(usual));
  const files = new Files({ url: `http://127.0.0.1:${port}`, token: 'x' });
  for (;;) {
    expect(await files.upload('general', new Blob(['hello']))).toEqual({ name: 'file' });
    if (broken > 0) break;
    await setTimeout(10);
  }
  server.closeAllConnections();
  server.close();
});

it.runIf(hasBrowser)('uploads with progress in a page', async () => {
  const { outputFiles } = await build({
    absWorkingDir: PROJECT,
    entryPoints: ['src/client/files.ts'],
    bundle: true,
    format: 'iife',
    globalName: 'parlor',
    write: false,
  });
  const browser = await sharedBrowser();
  const page = await browser.newPage();
  onTestFinished(() => page.close());
  await page.goto(hosts.node.url);
  const token = JSON.stringify(await tokenFor('alice'));
  const room = JSON.stringify(newRoom());
  const seen = await page.evaluate(
    `(async () => {
      ${outputFiles[0]?.text ?? ''}
      const files = new parlor.Files({ token: ${token} });
      const progress = [];
      const blob = new Blob([new Uint8Array(900000)]);
      const file = await files.upload(${room}, blob, { onProgress: (sent) => progress.push(sent) });
      const life = new AbortController();
      const ended = files.upload(${room}, blob, { signal: life.signal }).catch((error) => error.message);
      life.abort(new Error('enough'));
      return { size: file.size, last: progress.at(-1), ended: await ended };
    })()`,
  );
  expect(seen).toEqual({ size: 900_000, last: 900_000, ended: 'enough' });
});
