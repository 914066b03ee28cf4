import type { EngineData } from '../../../../src/socketio-server/engine-packet.ts';
import type { CloseFrame } from '../../../../src/socketio-server/engine-session.ts';
import type { ClientSocket } from '../../../../src/socketio-server/websocket-session.ts';

/** A client's end of a WebSocket: the frames that it was sent, and how it was closed. */
export class FakeSocket implements ClientSocket {
  bufferedBytes: number | undefined;
  closed: CloseFrame | 'no code' | undefined;
  #frames: EngineData[] = [];

  send(data: EngineData): void {
    this.#frames.push(data);
  }

  close(frame: CloseFrame | undefined): void {
    this.closed ??= frame ?? 'no code';
  }

  /** The frames since the last call. */
  take(): EngineData[] {
    return this.#frames.splice(0);
  }
}
