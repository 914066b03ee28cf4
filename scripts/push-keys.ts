import { makePushKeys } from '../local-server/push-keys.ts';

/** `npm run push-keys`: new keys for push notifications, as lines for `.env`. */
for (const [name, value] of Object.entries(makePushKeys())) {
  process.stdout.write(`${name}=${value}\n`);
}
