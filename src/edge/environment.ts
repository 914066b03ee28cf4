import type { HookObject } from './hook-object.ts';
import type { InboxObject } from './inbox-object.ts';
import type { PollingSession } from './polling-session.ts';
import type { RelayObject } from './relay-object.ts';
import type { RoomObject } from './room-object.ts';

/** Bindings of the Worker; settings come beside them. */
export interface Environment {
  ROOM: DurableObjectNamespace<RoomObject>;
  INBOX: DurableObjectNamespace<InboxObject>;
  HOOK: DurableObjectNamespace<HookObject>;
  SESSION: DurableObjectNamespace<PollingSession>;
  /** Absent if an earlier configuration is deployed: rooms then hold all their sockets. */
  RELAY?: DurableObjectNamespace<RelayObject>;
  ASSETS: Fetcher;
  /** Uploaded files; absent if R2 is not bound. */
  FILES?: R2Bucket;
  [setting: string]: unknown;
}
