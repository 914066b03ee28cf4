import { SocketIoVisitor } from './socketio-visitor.ts';
import type { Who } from './visitor.ts';

/** A client of the Socket.IO transport that has nothing but long polling. */
export class PollingVisitor extends SocketIoVisitor {
  constructor(url: string, who: Who) {
    super(url, who, 'polling');
  }

  /** Falls silent: the host is not told, and what still comes is not heard. */
  override async drop(): Promise<void> {
    const { transport } = this.socket.io.engine as unknown as { transport: { onClose(): void } };
    transport.onClose();
    await this.ended();
  }
}
