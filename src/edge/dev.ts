import type { Hono } from 'hono';
import { testTokenRoute } from '../transports/http/test-token.ts';
import type { Environment } from './environment.ts';
import { service } from './service.ts';

export { Backend } from './backend.ts';
export { HookObject } from './hook-object.ts';
export { InboxObject } from './inbox-object.ts';
export { PollingSession } from './polling-session.ts';
export { RelayObject } from './relay-object.ts';
export { RoomObject } from './room-object.ts';

/** Made once for each isolate. */
let app: Hono | undefined;

/** The entry of `npm run dev:edge`: answers only this machine, and gives tokens to every client. */
export default {
  fetch(request, env, context) {
    app ??= service(env, {
      localOnly: true,
      guestsByDefault: env['SECRET_WAS_MADE'] === 'true',
      development: testTokenRoute,
    });
    return app.fetch(request, env, context);
  },
} satisfies ExportedHandler<Environment>;
