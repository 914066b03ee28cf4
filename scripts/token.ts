import { parseArgs } from 'node:util';
import { claimsFor } from '../src/auth/authenticator.ts';
import { signToken } from '../src/auth/tokens.ts';
import { reservedPrefix } from '../src/protocol/identity.ts';
import { wrongUserId, wrongUsername } from '../src/protocol/text.ts';
import { developmentSecret } from '../local-server/development-secret.ts';
import { readEnvFile } from '../local-server/env-file.ts';
import { readSettings } from '../src/settings/settings.ts';

/** `npm run token -- alice [--name "Alice A."] [--hours 24] [--bot] [--admin]`: a token on stdout and nothing else. */

const USAGE =
  'Usage: npm run --silent token -- USER_ID [--name "DISPLAY NAME"] [--hours NUMBER] [--bot] [--admin]';
/** Longest time that a token may be valid: longer ones should not be handed out from a shell. */
const MAX_HOURS = 24 * 366;

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      name: { type: 'string' },
      hours: { type: 'string', default: '24' },
      bot: { type: 'boolean' },
      admin: { type: 'boolean' },
    },
  });
  const [userId, ...more] = positionals;
  if (userId === undefined || more.length > 0) throw new Error(USAGE);
  const hours = Number(values.hours);
  if (!(hours > 0 && hours <= MAX_HOURS)) {
    throw new Error(`--hours must be a number above 0 and up to ${MAX_HOURS}.`);
  }
  const why = wrongUserId(userId);
  if (why !== undefined) throw new Error(`The user id ${why}.`);
  const prefix = reservedPrefix(userId);
  if (prefix !== undefined) throw new Error(`The user id must not begin with "${prefix}".`);
  const { name } = values;
  const wrongName = name === undefined ? undefined : wrongUsername(name);
  if (wrongName !== undefined) throw new Error(`--name ${wrongName}.`);
  return { userId, name, hours, bot: values.bot, admin: values.admin };
}

async function main(): Promise<string> {
  const { userId, name, hours, bot, admin } = readArguments();
  const { settings, problems } = readSettings({ ...readEnvFile(process.cwd()), ...process.env });
  if (problems.length > 0) throw new Error(problems.join('\n'));
  const secret = settings.JWT_SECRET ?? developmentSecret(settings.DATA_DIR).secret;
  const exp = Math.floor(Date.now() / 1_000 + hours * 3_600);
  const claims = {
    ...claimsFor(userId, settings),
    name: name ?? userId,
    exp,
    ...(bot && { bot }),
    ...(admin && { admin }),
  };
  return signToken(claims, new TextEncoder().encode(secret));
}

try {
  process.stdout.write(`${await main()}\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
