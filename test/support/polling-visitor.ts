import { SocketIoVisitor } from './socketio-visitor.ts';
import type { Who } from './visitor.ts';

/** A client of the Socket.IO transport that uses long polling only. */
export class PollingVisitor extends SocketIoVisitor {
  constructor(url: string, who: Who) {
    super(url, who, 'polling');
  }

  /** Stops polling without closing the session, so that the host does not notice. */
  override async drop(): Promise<void> {
    const { transport } = this.socket.io.engine as unknown as { transport: { onClose(): void } };
    transport.onClose();
    await this.ended();
  }
}
