import type {
  AppRoom,
  CommandOutcome,
  CommandRoom,
  Draft,
  JsonObject,
  Replacement,
} from '../protocol/app-room.ts';
import type { OperationName } from '../protocol/commands.ts';
import type { SchemaDraft } from '../protocol/standard-schema.ts';
import type { Context, UpkeepContext } from './context.ts';
import type { Effect } from './effects.ts';

/** What an application adds to a room. It comes in through a port; a room imports none. */
export interface Application {
  /** Effects of a command beyond its own. Called inside its transaction. */
  effectsOf?(name: OperationName, context: Context): readonly Effect[];
  /** The body of a delivery as of now, as JSON; undefined when there is nothing left to say. */
  read?(context: UpkeepContext, target: string, key: string): string | undefined;
  readonly signals?: ReadonlyMap<string, SignalRule>;
  readonly kinds?: ReadonlyMap<string, KindRule>;
  readonly commands?: ReadonlyMap<string, CommandRule>;
  /** Decides about a text before it is stored. Throws a refusal `refused`, or returns what to store. */
  beforeMessage?: (room: AppRoom, draft: Draft) => Replacement | undefined;
}

/** What an application declares, as descriptions of the service show it. */
interface Described {
  /** The JSON Schema of what it takes. */
  schemaIn(draft: SchemaDraft): JsonObject;
}

/** A declared event of the application that is not stored. */
export interface SignalRule extends Described {
  /** @throws Refusal `invalid_payload` */
  read(payload: object): object;
  /** Passed on however many users are online. */
  crowd: boolean;
}

/** A kind of message, with data of its own. */
export interface KindRule extends Described {
  /** @throws Refusal `invalid_payload` */
  read(data: unknown): JsonObject;
  /** What people and search read of it; without, the sender's own text. */
  text?: (data: JsonObject) => string;
  /** The data with what a user has stored about the message counted in (1) or out (-1). */
  count?: (data: JsonObject, value: unknown, by: 1 | -1) => JsonObject;
  /** Fields of the data that only commands and `count` write. */
  counted?: readonly string[];
}

/** A command of the application. */
export interface CommandRule extends Described {
  /** Whether users who may only read may give it. */
  reads: boolean;
  /** @throws Refusal `invalid_payload` */
  read(payload: object): unknown;
  /** Runs in the command's transaction. */
  handle(room: CommandRoom, payload: unknown): CommandOutcome;
}
