import { join } from 'node:path';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';

/**
 * A bundled Worker under workerd. `node bench/hosts/edge.ts FOLDER SCRIPT DATA BINDINGS`: a folder
 * within the project, its script, where storage goes, and bindings as JSON. On a socket of its own and
 * without static files: Miniflare puts a Worker of its own before every other one, and two more, in
 * place of Cloudflare's router, where there are static files. Every frame would pass through them.
 */

const [folder = '', script = '', data = '', bindings = '{}'] = process.argv.slice(2);
const isOurs = script === 'worker.js' || script === 'watched.js';

const miniflare = new Miniflare({
  ...convertV4MiniflareOptions({
    name: 'parlor',
    host: '127.0.0.1',
    port: 0,
    cf: false,
    modules: true,
    scriptPath: join(folder, script),
    compatibilityDate: '2026-08-15',
    compatibilityFlags: ['no_web_socket_compression', 'enable_request_signal'],
    durableObjects: {
      ROOM: { className: 'RoomObject', useSQLite: true },
      INBOX: { className: 'InboxObject', useSQLite: true },
      HOOK: { className: 'HookObject', useSQLite: true },
      ...(isOurs && {
        RELAY: { className: 'RelayObject', useSQLite: true },
        SESSION: { className: 'PollingSession', useSQLite: true },
      }),
    },
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
    bindings: JSON.parse(bindings) as Record<string, string>,
    resourcePersistencePath: data,
  }),
  log: new Log(LogLevel.NONE),
  handleStructuredLogs: ({ level, message }) => {
    process.stderr.write(`${level}: ${message}\n`);
  },
});

const url = await miniflare.unsafeGetDirectURL();
process.stdout.write(`Listens on ${url.origin}\n`);
