import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { Log, LogLevel, Miniflare } from 'miniflare';
import { configure } from '../../local-server/configuration.ts';
import type { startServer } from '../../local-server/server.ts';
import type { HostName } from '../../src/settings/declarations.ts';
import { edgeOptions } from './edge-options.ts';
import { instrument, type OwnFunction } from './instrument.ts';
import { newRoom } from './for-each-transport.ts';
import { SECRET, tokenFor } from './tokens.ts';
import { ok, type Transport, type Visitor } from './visitor.ts';

declare global {
  var calledFunctions: Set<number> | undefined;
}

/** A host whose own functions record their calls. */
export interface WatchedHost {
  url: string;
  /** The functions called since the last call of this. */
  take(): Promise<OwnFunction[]>;
  close(): Promise<void>;
}

/** The number of measured messages; the one with the fewest functions counts, without those of timers. */
const SAMPLES = 7;

/**
 * The project's own functions that one message passes at a transport: from its sender's socket to the
 * reply there and to one other member.
 */
export async function messagePath(transport: Transport, host: WatchedHost): Promise<OwnFunction[]> {
  const roomId = newRoom();
  const [sender, other] = [
    await enter(transport, host, 'alice'),
    await enter(transport, host, 'bob'),
  ];
  ok(await sender.join(roomId));
  ok(await other.join(roomId));
  const say = async (message: string) => {
    const said = ok(await sender.command('message', { roomId, message })).message;
    await other.hears('message', ({ seq }) => seq === said.seq);
  };
  await say('the first founds the room');
  await say('the second makes its sender known');
  let fewest: OwnFunction[] | undefined;
  for (let sample = 0; sample < SAMPLES; sample++) {
    await quiet(host);
    await say(`sample ${sample}`);
    const called = await host.take();
    if (fewest === undefined || called.length < fewest.length) fewest = called;
  }
  await Promise.all([sender.close(), other.close()]);
  return fewest ?? [];
}

async function enter(transport: Transport, host: WatchedHost, userId: string): Promise<Visitor> {
  return transport.visit(host.url, { token: await tokenFor(userId) });
}

/** Waits until none of the functions has run for 50 ms. */
async function quiet(host: WatchedHost): Promise<void> {
  do await new Promise((resolve) => setTimeout(resolve, 50));
  while ((await host.take()).length > 0);
}

function taken(functions: readonly OwnFunction[], called: Iterable<number>): OwnFunction[] {
  return [...called].map((index) => functions[index]!);
}

async function watchNode(): Promise<WatchedHost> {
  const folder = await mkdtemp(join('dist', 'path-'));
  const { outputFiles } = await build({
    entryPoints: ['local-server/server.ts'],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    // The folder in which the host looks for the page.
    define: { 'import.meta.dirname': JSON.stringify(resolve('web')) },
    write: false,
  });
  const { code, functions } = instrument(outputFiles[0]?.text ?? '');
  const file = resolve(folder, 'server.mjs');
  await writeFile(file, code);
  const { startServer: start } = (await import(pathToFileURL(file).href)) as {
    startServer: typeof startServer;
  };
  const data = await mkdtemp(join(tmpdir(), 'parlor-path-'));
  const settings = { JWT_SECRET: SECRET, HOST: '127.0.0.1', PORT: '0', DATA_DIR: data };
  const server = await start(configure(data, settings, false), { failure: () => undefined });
  return {
    url: `http://127.0.0.1:${server.port}`,
    take: async () => {
      const called = taken(functions, globalThis.calledFunctions ?? []);
      globalThis.calledFunctions?.clear();
      return called;
    },
    close: async () => {
      await server.close();
      await Promise.all([folder, data].map((each) => rm(each, { recursive: true })));
    },
  };
}

/** The path at which the Worker returns the called functions. */
const ASKED_AT = '/called-functions';

/** Replaces the Worker's default export. */
const ASKING = `
const asking = {
  fetch(request, env, context) {
    if (new URL(request.url).pathname !== '${ASKED_AT}') {
      return worker_default.fetch(request, env, context);
    }
    const called = [...globalThis.calledFunctions];
    globalThis.calledFunctions.clear();
    return Response.json(called);
  },
};
export {`;

async function watchEdge(bundle: string): Promise<WatchedHost> {
  const folder = await mkdtemp(join('dist', 'path-'));
  const { code, functions } = instrument(await readFile(join(bundle, 'worker.js'), 'utf8'));
  const asking = code
    .replace(/\nexport \{(?![\s\S]*\nexport \{)/, ASKING)
    .replace('worker_default as default', 'asking as default');
  await writeFile(join(folder, 'worker.js'), asking);
  await cp(join(bundle, 'page'), join(folder, 'page'), { recursive: true });
  const miniflare = new Miniflare({
    ...edgeOptions(folder, { LOG_LEVEL: 'warn' }),
    log: new Log(LogLevel.NONE),
  });
  const { origin } = await miniflare.ready;
  return {
    url: origin,
    take: async () => {
      const answer = await fetch(new URL(ASKED_AT, origin));
      return taken(functions, (await answer.json()) as number[]);
    },
    close: async () => {
      await miniflare.dispose();
      await rm(folder, { recursive: true });
    },
  };
}

/** Starts a watched host of either kind. */
export const watchHost: Readonly<Record<HostName, (bundle: string) => Promise<WatchedHost>>> = {
  node: watchNode,
  edge: watchEdge,
};
