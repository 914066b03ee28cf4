import { ask } from './http-client.ts';
import { rawSocket } from './raw-socket.ts';

const POLLING = '/socket.io/?EIO=4&transport=polling';
const PATHS = ['/', '/health', '/test-token?username=alice', '/rooms/general', POLLING];
const SOCKETS = ['/rooms/general/ws', '/socket.io/?EIO=4&transport=websocket'];

/** `Host` headers of other machines, as sent in a DNS rebinding attack. */
const FOREIGN = ['evil.example', 'evil.example:4000', 'localhost.evil.example', '192.168.0.1'];

/** The answers of each transport to requests with such a `Host`, each as status and path. */
export async function answersToForeignHosts(url: string): Promise<string[]> {
  const answers: string[] = [];
  for (const host of FOREIGN) {
    for (const path of PATHS) {
      const { status } = await ask(url, path, { headers: { host } });
      answers.push(`${status} ${path}`);
    }
    for (const path of SOCKETS) {
      const raw = rawSocket(`${url}${path}`, { host });
      await raw.opened;
      answers.push(`${raw.refused?.status} ${path}`);
    }
  }
  return answers;
}

/** The statuses with which development mode answers requests to the names of this machine. */
export async function answersToOwnHosts(url: string): Promise<number[]> {
  const { port } = new URL(url);
  const hosts = [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, 'LOCALHOST'];
  const answers = hosts.map((host) =>
    ask(url, '/test-token?username=alice', { headers: { host } }),
  );
  return (await Promise.all(answers)).map(({ status }) => status);
}
