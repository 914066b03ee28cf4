import type { RoomObject } from './room-object.ts';

/** Bindings of the Worker; settings come as texts beside them. */
export interface Environment {
  ROOM: DurableObjectNamespace<RoomObject>;
  ASSETS: Fetcher;
  [setting: string]: unknown;
}
