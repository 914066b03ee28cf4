import { env } from 'cloudflare:workers';
import { describe } from 'vitest';
import { ObjectDirectory } from '../../src/edge/object-directory.ts';
import { RoomAccessLimiter } from '../../src/admission/room-access-limiter.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { directoryContract } from '../contract/directory.ts';

const { limits } = readSettings({}).settings;

describe('rooms as Durable Objects', () => {
  directoryContract(() => new ObjectDirectory(env, limits, new RoomAccessLimiter(limits)));
});
