import { RoomObject as Room } from '../../src/edge/room-object.ts';
import type { Environment } from '../../src/edge/environment.ts';
import type { RequestAnswer, RequestCall } from '../../src/relay/exchange.ts';

export { default } from '../../src/edge/worker.ts';
export * from '../../src/edge/worker.ts';

/** Our Worker, whose room objects tell the log whenever something runs them. */
export class RoomObject extends Room {
  constructor(state: DurableObjectState, env: Environment) {
    super(state, env);
    told('made');
  }

  override fetch(request: Request): Promise<Response> {
    told('fetch');
    return super.fetch(request);
  }

  override relayed(call: RequestCall): Promise<RequestAnswer> {
    told('relay');
    return super.relayed(call);
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void {
    told('message');
    super.webSocketMessage(socket, data);
  }

  override webSocketClose(socket: WebSocket, code: number, reason: string, clean: boolean): void {
    told('close');
    super.webSocketClose(socket, code, reason, clean);
  }

  override webSocketError(socket: WebSocket): void {
    told('error');
    super.webSocketError(socket);
  }
}

function told(what: string): void {
  console.log(`woken by ${what}`);
}
