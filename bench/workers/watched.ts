import { RoomObject as Room } from '../../src/edge/room-object.ts';
import type { Environment } from '../../src/edge/environment.ts';
import type { RequestAnswer, RequestCall } from '../../src/relay/exchange.ts';

export { default } from '../../src/edge/worker.ts';
export * from '../../src/edge/worker.ts';

/** The room object of our Worker, which also logs whenever something runs it. */
export class RoomObject extends Room {
  constructor(state: DurableObjectState, env: Environment) {
    super(state, env);
    logWakeup('made');
  }

  override fetch(request: Request): Promise<Response> {
    logWakeup('fetch');
    return super.fetch(request);
  }

  override relayed(call: RequestCall): Promise<RequestAnswer> {
    logWakeup('relay');
    return super.relayed(call);
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void {
    logWakeup('message');
    super.webSocketMessage(socket, data);
  }

  override webSocketClose(socket: WebSocket, code: number, reason: string, clean: boolean): void {
    logWakeup('close');
    super.webSocketClose(socket, code, reason, clean);
  }

  override webSocketError(socket: WebSocket): void {
    logWakeup('error');
    super.webSocketError(socket);
  }
}

function logWakeup(what: string): void {
  console.log(`woken by ${what}`);
}
