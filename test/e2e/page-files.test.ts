import { readdirSync } from 'node:fs';
import { get } from 'node:http';
import { gunzipSync, brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PAGE } from '../../web/build.ts';
import { type Host, startEdgeHost, startNodeHost } from '../support/browser-hosts.ts';
import { temporaryFolder } from '../support/folder.ts';
import { Program } from '../support/program.ts';

const hosts = [
  ['node', startNodeHost],
  ['edge', startEdgeHost],
] as const;

/** The limit that the README names, compressed. */
const MAX_BYTES = 60_000;

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  /** The body as sent, still encoded. */
  body: Buffer;
}

/** A GET request over a connection of its own, without the headers and the decoding of `fetch`. */
function ask(url: URL, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    get(url, { headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        }),
      );
    }).on('error', reject);
  });
}

describe.each(hosts)('the files of the page on the %s host', (_, start) => {
  let host: Host;
  let index: string;
  let names: string[];

  beforeAll(async () => {
    host = await start();
    index = (await ask(new URL(host.url), {})).body.toString();
    const hashed = /"(\/(?:chat|chunk|style)-[^"]+)"/g;
    names = ['/', '/icon.svg', ...Array.from(index.matchAll(hashed), ([, name = '']) => name)];
  });

  afterAll(() => host.close());

  test('have the same names in whatever folder they are built', async () => {
    const names = () => readdirSync(PAGE).toSorted();
    const before = names();
    const { ended } = new Program('scripts/build-page.ts', { cwd: temporaryFolder() });
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
    expect(names()).toEqual(before);
  });

  test('weigh less than 60,000 bytes compressed', async () => {
    const answers = await Promise.all(
      names.map((name) => ask(new URL(name, host.url), { 'accept-encoding': 'gzip' })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const bytes = answers.reduce((sum, { body }) => sum + body.length, 0);
    expect(bytes).toBeLessThan(MAX_BYTES);
  });

  test('are sent in the requested encoding', async () => {
    const script = new URL(names.find((name) => name.endsWith('.js')) ?? '', host.url);
    const plain = await ask(script, {});
    expect(plain.headers['content-encoding']).toBeUndefined();
    const gzip = await ask(script, { 'accept-encoding': 'gzip' });
    expect(gzip.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(gzip.body)).toEqual(plain.body);
    for (const { headers } of [plain, gzip]) {
      expect(headers.vary).toMatch(/Accept-Encoding/i);
      expect(headers['content-type']).toMatch(/^text\/javascript/);
    }
    const brotli = await ask(script, { 'accept-encoding': 'gzip, deflate, br' });
    const encoding = brotli.headers['content-encoding'];
    const read = encoding === 'br' ? brotliDecompressSync : gunzipSync;
    expect(read(brotli.body)).toEqual(plain.body);
  });

  test('allow the page to be installed: manifest, icons and service worker', async () => {
    const typeOf = async (name: string) => {
      const { status, headers } = await ask(new URL(name, host.url), {});
      expect([name, status, headers['cache-control']]).toEqual([name, 200, 'no-cache']);
      return String(headers['content-type']);
    };
    expect(await typeOf('/manifest.webmanifest')).toMatch(/^application\/manifest\+json/);
    expect(await typeOf('/worker.js')).toMatch(/^text\/javascript/);
    expect(await typeOf('/icon-192.png')).toBe('image/png');
    expect(await typeOf('/icon-512.png')).toBe('image/png');
  });

  test('are cached where their name holds a hash, and revalidated elsewhere', async () => {
    const cached = async (name: string) => {
      const { headers } = await ask(new URL(name, host.url), {});
      return headers['cache-control'];
    };
    const hashed = names.slice(2);
    expect(hashed.length).toBeGreaterThanOrEqual(2);
    expect(await Promise.all(names.map(cached))).toEqual([
      'no-cache',
      'no-cache',
      ...hashed.map(() => 'public, max-age=31536000, immutable'),
    ]);
    const { headers } = await ask(new URL(host.url), { 'accept-encoding': 'gzip' });
    const again = await ask(new URL(host.url), {
      'accept-encoding': 'gzip',
      'if-none-match': String(headers.etag),
    });
    expect([again.status, again.body.length]).toEqual([304, 0]);
  });
});
