import { type BackendStatus, beforeMessageEndpoint } from '../hooks/before-message.ts';
import type { HookDirectory } from '../hooks/hook-directory.ts';
import { outgoingHookOf } from '../hooks/outgoing.ts';
import type { Settings } from '../settings/settings.ts';
import { callRoom } from './call-room.ts';
import type { Environment } from './environment.ts';
import { HOOK_STATUS } from './hook-object.ts';

/** The outgoing webhook as Durable Objects, one for each room; undefined if none is set up. */
export function objectHooksOf(
  { HOOK }: Environment,
  settings: Settings,
): HookDirectory | undefined {
  const outgoing = outgoingHookOf(settings);
  if (outgoing === undefined) return undefined;
  return {
    eventsOf: outgoing.eventsOf,
    replay: (roomId, position) => callRoom(async () => HOOK.getByName(roomId).replay(position)),
    status: (roomId) => callRoom(async () => HOOK.getByName(roomId).status()),
    summary: () => callRoom(async () => HOOK.getByName(HOOK_STATUS).summary()),
  };
}

/**
 * The status of the backend that is asked before texts are stored; undefined if none is set up.
 * Each room asks by itself, so only the last failure is known for all of them together.
 */
export function objectBackendOf(
  { HOOK }: Environment,
  settings: Settings,
): (() => Promise<BackendStatus>) | undefined {
  if (beforeMessageEndpoint(settings) === undefined) return undefined;
  return () => callRoom(async () => HOOK.getByName(HOOK_STATUS).backendStatus());
}
