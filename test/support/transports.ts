import { NativeVisitor } from './native-visitor.ts';
import { SocketIoVisitor } from './socketio-visitor.ts';
import type { Transport } from './visitor.ts';

/** Every transport of every host that the stories are told at. */
export const transports: readonly Transport[] = [
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
