import type { EngineData } from '../../../../src/socketio-server/engine-packet.ts';
import type {
  CreateOwner,
  EngineCloseReason,
  EngineSink,
} from '../../../../src/socketio-server/engine-session.ts';

/** An owner that keeps the messages and closes that it receives. */
export class Heard {
  readonly messages: EngineData[] = [];
  readonly closes: EngineCloseReason[] = [];
  session: EngineSink | undefined;

  readonly createOwner: CreateOwner = (session) => {
    this.session = session;
    return {
      onMessage: (data) => this.messages.push(data),
      onClose: (reason) => this.closes.push(reason),
    };
  };
}
