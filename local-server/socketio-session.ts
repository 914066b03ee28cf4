import type { Socket } from 'socket.io';
import { WebSocket } from 'ws';
import type { Limits } from '../src/protocol/codes/limits.ts';
import type { Identity } from '../src/protocol/identity.ts';
import { leaveReasonOf } from '../src/transports/native/receive.ts';
import type { Conn } from './connect-gate.ts';
import { webSocketOf } from './socketio-wire.ts';
import { type FrameListener, throttleReading } from './throttle-reading.ts';

const paced = new WeakSet<WebSocket>();

/** Throttles the frames that the official server receives from a session's WebSocket. */
export function throttleSession(
  conn: Conn,
  limits: Limits,
  payer: () => Pick<Identity, 'bot'>,
): void {
  const watch = (transport: unknown) => {
    const webSocket = webSocketOf(transport);
    if (webSocket === undefined || paced.has(webSocket)) return;
    paced.add(webSocket);
    const listeners = webSocket.listeners('message') as FrameListener[];
    webSocket.removeAllListeners('message');
    throttleReading(webSocket, payer, limits, listeners);
  };
  watch(conn.transport);
  conn.on('upgrading', watch);
  conn.on('upgrade', watch);
}

type End = 'left' | 'disconnected';

/**
 * Detects an end that the client meant: a DISCONNECT, a close packet, or a WebSocket closed with 1000
 * or no code. The official server calls all but the first "transport close", or "transport error"
 * where an answer was on its way to a client that was just leaving.
 */
export function watchClose({ conn }: Socket): (reason: string, report: (end: End) => void) => void {
  let code: number | undefined;
  let saidGoodbye = false;
  const watch = (transport: unknown) => {
    // Before the official server's own listener, which reports the end.
    webSocketOf(transport)?.prependOnceListener('close', (ended: number) => {
      code = ended;
    });
  };
  watch(conn.transport);
  conn.on('upgrade', watch);
  conn.on('packet', ({ type }: { type: string }) => {
    // The official server handles close packets only if they come by polling.
    if (type !== 'close') return;
    saidGoodbye = true;
    conn.close();
  });
  const endOf = (reason: string): End => {
    if (saidGoodbye || reason === 'client namespace disconnect') return 'left';
    if (code !== undefined) return leaveReasonOf(code);
    const isPolling = conn.transport.name === 'polling';
    return isPolling && reason === 'transport close' ? 'left' : 'disconnected';
  };
  return (reason, report) => {
    const socket = webSocketOf(conn.transport);
    if (reason === 'transport error' && socket?.readyState === WebSocket.CLOSING) {
      socket.once('close', () => report(endOf(reason)));
    } else report(endOf(reason));
  };
}
