import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './free-port.ts';

/**
 * nchan in nginx, as Debian packages it: a room is a channel, in memory, with its last 100 messages.
 * `node bench/rivals/nchan.ts FOLDER`: the folder takes its configuration and temporary files.
 */

const folder = process.argv[2] ?? '';
const port = await freePort();

const configuration = `
load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
daemon off;
worker_processes 1;
error_log stderr warn;
pid ${folder}/nginx.pid;
events { worker_connections 20000; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests 1000000000;
  nchan_message_buffer_length 100;
  server {
    listen 127.0.0.1:${port};
    location ~ ^/socket/(.+)$ { nchan_pubsub websocket; nchan_subscriber_first_message newest; nchan_channel_id $1; }
    location ~ ^/stream/(.+)$ { nchan_subscriber eventsource; nchan_subscriber_first_message newest; nchan_channel_id $1; }
    location ~ ^/publish/(.+)$ { nchan_publisher; nchan_channel_id $1; }
    location = /ready { return 204; }
  }
}
`;

mkdirSync(folder, { recursive: true });
const file = join(folder, 'nginx.conf');
writeFileSync(file, configuration);
const nginx = spawn('/usr/sbin/nginx', ['-c', file, '-p', folder], {
  stdio: ['ignore', 'inherit', 'inherit'],
});
nginx.once('exit', (code) => process.exit(code ?? 1));
process.once('SIGTERM', () => nginx.kill('SIGTERM'));
const origin = `http://127.0.0.1:${port}`;
while (!(await fetch(`${origin}/ready`).catch(() => undefined))?.ok) await pause(20);
process.stdout.write(`Listens on ${origin}\n`);
