import type { HostName } from '../../src/settings/declarations.ts';
import { NativeVisitor } from './native-visitor.ts';
import { SocketIoVisitor } from './socketio-visitor.ts';
import type { Transport } from './visitor.ts';

/** Every transport of both hosts, where rooms hold their sockets themselves. */
export const directTransports: readonly (Transport & { host: HostName })[] = [
  {
    name: 'native@edge',
    host: 'edge',
    socketHolds: 'one room',
    visit: (url, who) => new NativeVisitor(url, who),
  },
  {
    name: 'native@node',
    host: 'node',
    socketHolds: 'one room',
    visit: (url, who) => new NativeVisitor(url, who),
  },
  {
    name: 'Socket.IO@node',
    host: 'node',
    socketHolds: 'many rooms',
    visit: (url, who) => new SocketIoVisitor(url, who),
  },
  {
    name: 'Socket.IO@edge',
    host: 'edge',
    socketHolds: 'many rooms',
    visit: (url, who) => new SocketIoVisitor(url, who),
  },
];

/** The edge host once more, where relays hold every socket of every room. */
export const relayTransports: readonly Transport[] = [
  {
    name: 'native@relays',
    host: 'relays',
    socketHolds: 'one room',
    visit: (url, who) => new NativeVisitor(url, who),
  },
  {
    name: 'Socket.IO@relays',
    host: 'relays',
    socketHolds: 'many rooms',
    visit: (url, who) => new SocketIoVisitor(url, who),
  },
];

/** Set by `npm run soak -- relays`: every scenario runs at relays, too. */
const runsAllAtRelays = process.env['SCENARIOS_AT_RELAYS'] === 'true';

/** The transports that a scenario runs at. @param atRelays for what relays could do wrong */
export function transportsOf(atRelays = false): readonly Transport[] {
  return atRelays || runsAllAtRelays ? [...directTransports, ...relayTransports] : directTransports;
}
