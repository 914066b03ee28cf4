import { developmentPushKeys, DEVELOPMENT_SUBJECT } from '../local-server/push-keys.ts';
import { developmentSecret } from '../local-server/development-secret.ts';
import { readEnvFile } from '../local-server/env-file.ts';
import { declarations, type HostName } from '../src/settings/declarations.ts';
import { readSettings, unknownSettings } from '../src/settings/settings.ts';

/** What `npm run dev:edge` gives the Worker. */
export interface EdgeConfiguration {
  /** The settings that have a meaning on the edge host, as texts by name. */
  bindings: Record<string, string>;
  allowGuests: boolean;
  clientUrl: string | undefined;
  publicUrl: string | undefined;
  madeSecret: string | undefined;
  warnings: string[];
}

/**
 * Reads `.env` in `folder`, then the environment, which wins.
 * @throws Error with one sentence a line for the operator
 */
export function configureEdge(folder: string, environment: NodeJS.ProcessEnv): EdgeConfiguration {
  const file = readEnvFile(folder);
  const given = { ...file, ...environment };
  const { settings, problems } = readSettings(given);
  if (problems.length > 0) throw new Error(problems.join('\n'));

  const bindings: Record<string, string> = {};
  for (const { name, hosts } of declarations as readonly {
    name: string;
    hosts: readonly HostName[];
  }[]) {
    const text = given[name]?.trim() ?? '';
    if (text !== '' && hosts.includes('edge')) bindings[name] = text;
  }
  const made = settings.JWT_SECRET === undefined ? developmentSecret(settings.DATA_DIR) : undefined;
  if (made !== undefined) {
    bindings['JWT_SECRET'] = made.secret;
    bindings['SECRET_WAS_MADE'] = 'true';
  }
  const hasPushKeys = 'VAPID_PUBLIC_KEY' in bindings || 'VAPID_PRIVATE_KEY' in bindings;
  const secret = bindings['JWT_SECRET'];
  if (!hasPushKeys && secret !== undefined) Object.assign(bindings, developmentPushKeys(secret));
  bindings['VAPID_SUBJECT'] ??= DEVELOPMENT_SUBJECT;
  return {
    bindings,
    allowGuests: settings.ALLOW_GUESTS ?? made !== undefined,
    clientUrl: settings.CLIENT_URL,
    publicUrl: settings.PUBLIC_URL,
    madeSecret: made?.path,
    // One `.env` may serve both hosts, so settings of the Node host alone are not reported.
    warnings: unknownSettings(Object.keys(file)).map((sentence) => `.env: ${sentence}`),
  };
}
