import { WorkerEntrypoint } from 'cloudflare:workers';
import { memoizeByIdentity } from '../following/memoize-by-identity.ts';
import { type Asked, askerOf } from '../hooks/ask-backend.ts';
import { beforeMessageEndpoint } from '../hooks/before-message.ts';
import { readSettings } from '../settings/settings.ts';
import type { Environment } from './environment.ts';

/** Read once for the isolate's environment. */
const endpointOf = memoizeByIdentity((env: Environment) =>
  beforeMessageEndpoint(readSettings(env).settings),
);

/** Makes requests to the operator's backend outside of the objects that ask. Keeps no state. */
export class Backend extends WorkerEntrypoint<Environment> {
  /** Asks about a text before it is stored. */
  ask(id: string, body: string): Promise<Asked> {
    const endpoint = endpointOf(this.env);
    if (endpoint === undefined) return Promise.resolve({ reason: 'BEFORE_MESSAGE_URL is not set' });
    return askerOf(endpoint)(id, body);
  }
}
