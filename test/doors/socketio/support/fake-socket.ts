import type { EngineData } from '../../../../src/doors/socketio/engine-packet.ts';
import type { CloseFrame } from '../../../../src/doors/socketio/engine-session.ts';
import type { ClientSocket } from '../../../../src/doors/socketio/websocket-session.ts';

/** A client's end of a WebSocket: what it was sent, and how it was closed. */
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

  /** The frames since the last look. */
  take(): EngineData[] {
    return this.#frames.splice(0);
  }
}
