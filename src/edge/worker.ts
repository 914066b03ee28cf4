import type { Hono } from 'hono';
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

/** The production entry: no development route is even in the bundle. */
export default {
  fetch(request, env, context) {
    app ??= service(env, { localOnly: false, guestsByDefault: false });
    return app.fetch(request, env, context);
  },
} satisfies ExportedHandler<Environment>;
