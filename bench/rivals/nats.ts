import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { freePort } from './free-port.ts';

/**
 * NATS with JetStream, as Debian packages it: a room is a subject, every message goes to a stream in a
 * file, and each member follows it with a consumer of its own. From version 2.10 each message is synced
 * to the disk; 2.9 cannot do that, and syncs every two minutes.
 * `node bench/rivals/nats.ts FOLDER VERSION`: the folder takes its configuration and its store.
 */

const NATS = '/usr/sbin/nats-server';
const folder = process.argv[2] ?? '';
const version = process.argv[3] ?? '';
const [, minor = '0'] = version.split('.');
const port = await freePort();

const configuration = `
host: 127.0.0.1
port: ${await freePort()}
ping_interval: "1h"
max_payload: 1MB
jetstream { store_dir: "${folder}/store"${Number(minor) >= 10 ? ', sync_interval: always' : ''} }
websocket { host: 127.0.0.1, port: ${port}, no_tls: true, compression: false }
`;

mkdirSync(folder, { recursive: true });
const file = join(folder, 'nats.conf');
writeFileSync(file, configuration);
const nats = spawn(NATS, ['-c', file, '-l', join(folder, 'nats.log')], {
  stdio: ['ignore', 'inherit', 'inherit'],
});
nats.once('exit', (code) => process.exit(code ?? 1));
process.once('SIGTERM', () => nats.kill('SIGTERM'));
while (!(await streamIsMade())) await pause(20);
process.stdout.write(`Listens on http://127.0.0.1:${port}\n`);

/** Makes the stream that holds all rooms; false while the server does not listen yet. */
function streamIsMade(): Promise<boolean> {
  const wish = JSON.stringify({
    name: 'ROOMS',
    subjects: ['room.*'],
    storage: 'file',
    retention: 'limits',
    max_msgs_per_subject: 100_000,
  });
  const ask = `CONNECT {"verbose":false}\r\nSUB made 1\r\nPUB $JS.API.STREAM.CREATE.ROOMS made ${wish.length}\r\n${wish}\r\n`;
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    socket.on('error', () => resolve(false));
    socket.on('message', (data: Buffer) => {
      const text = data.toString();
      if (text.startsWith('INFO')) socket.send(ask);
      if (!text.includes('MSG made')) return;
      socket.terminate();
      resolve(text.includes('"created"'));
    });
  });
}
