import type { Environment } from '../../../src/edge/environment.ts';
import { RelayObject as Relay } from '../../../src/edge/relay-object.ts';
import { relayName } from '../../../src/edge/relay-name.ts';
import { RoomObject as Room } from '../../../src/edge/room-object.ts';
import worker from '../../../src/edge/worker.ts';

export * from '../../../src/edge/worker.ts';

const ABORT = 'https://object/abort';

/** Aborts the object if the request asks for it: memory and sockets are lost, as in a crash. */
function aborts(request: Request, state: DurableObjectState): boolean {
  if (request.url !== ABORT) return false;
  state.abort('aborted by a test');
  return true;
}

export class RoomObject extends Room {
  override async fetch(request: Request): Promise<Response> {
    return aborts(request, this.ctx) ? new Response() : super.fetch(request);
  }
}

export class RelayObject extends Relay {
  override async fetch(request: Request): Promise<Response> {
    return aborts(request, this.ctx) ? new Response() : super.fetch(request);
  }
}

/** The production Worker and `POST /abort?room=…[&relay=1]`, which aborts the object of a room or a relay. */
export default {
  async fetch(request, env, context) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== '/abort') return worker.fetch(request, env, context);
    const room = searchParams.get('room')!;
    const relay = searchParams.get('relay');
    const object =
      relay === null
        ? env.ROOM.getByName(room)
        : env.RELAY!.getByName(relayName(room, Number(relay)));
    await object.fetch(ABORT).catch(() => undefined);
    return new Response();
  },
} satisfies ExportedHandler<Environment>;
