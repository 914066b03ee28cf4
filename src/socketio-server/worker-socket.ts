import type { EngineData } from './engine-packet.ts';
import type { CloseFrame } from './engine-session.ts';
import type { ClientSocket, FrameReceiver } from './websocket-session.ts';

/** The server's end of a WebSocketPair. */
export interface WorkerSocket {
  binaryType: string;
  readonly bufferedAmount?: number;
  send(data: EngineData): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { code: number }) => void): void;
  addEventListener(type: 'error', listener: () => void): void;
}

/** A Worker's socket as sessions write to it. */
export function clientSocket(socket: WorkerSocket): ClientSocket {
  return {
    send: (data) => {
      try {
        socket.send(data);
      } catch {
        // A socket that is closing throws; the session gets an event when it ends.
      }
    },
    close: (frame) => attempt(() => close(socket, frame)),
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
  };
}

/** Passes a Worker's socket, which must have been accepted in this turn, to `receiver`. */
export function listen(socket: WorkerSocket, receiver: FrameReceiver): void {
  // Otherwise binary frames are Blobs, which cannot be read in order with what follows.
  socket.binaryType = 'arraybuffer';
  socket.addEventListener('message', ({ data }) => receiver.frame(data as string | ArrayBuffer));
  socket.addEventListener('close', ({ code }) => {
    receiver.closed(isClean(code));
    // The runtime does not answer the client's Close.
    attempt(() => socket.close());
  });
  socket.addEventListener('error', () => receiver.closed(false));
}

/** Whether a client that closed with `code` meant to leave: 1000, or 1005 for no code at all. */
function isClean(code: number): boolean {
  return code === 1000 || code === 1005;
}

function close(socket: WorkerSocket, frame: CloseFrame | undefined): void {
  if (frame) socket.close(frame.code, frame.reason);
  else socket.close();
}

function attempt(act: () => void): void {
  try {
    act();
  } catch {
    // It is closed already.
  }
}
