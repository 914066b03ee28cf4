import type { HostName } from '../../src/settings/declarations.ts';
import { NativeVisitor } from './native-visitor.ts';
import { SocketIoVisitor } from './socketio-visitor.ts';
import type { Transport } from './visitor.ts';

/** Every socket transport of both hosts, with rooms holding their own sockets. */
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

/** The socket transports of the edge host with relays holding every socket. */
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

/** Set by `npm run soak -- relays`: every scenario also runs at relays. */
const runsAllAtRelays = process.env['SCENARIOS_AT_RELAYS'] === 'true';

/** The transports at which a scenario runs. @param atRelays whether it also runs at relays */
export function transportsOf(atRelays = false): readonly Transport[] {
  return atRelays || runsAllAtRelays ? [...directTransports, ...relayTransports] : directTransports;
}
