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

/** What an application adds to a room. The host passes it in as a port; a room imports no application. */
export interface Application {
  /** Returns further effects of a command, which apply after its own. Called inside its transaction. */
  effectsOf?(name: OperationName, context: Context): readonly Effect[];
  /** The current body of a delivery, as JSON; undefined when nothing is owed any more. */
  read?(context: UpkeepContext, target: string, key: string): string | undefined;
  readonly signals?: ReadonlyMap<string, SignalRule>;
  readonly kinds?: ReadonlyMap<string, KindRule>;
  readonly commands?: ReadonlyMap<string, CommandRule>;
  /**
   * Checks a text before it is stored: throws a refusal `refused`, or returns what to store instead;
   * undefined stores it as it is.
   */
  beforeMessage?: (room: AppRoom, draft: Draft) => Replacement | undefined;
}

/** A declaration of an application, as the API descriptions (OpenAPI, AsyncAPI) show it. */
interface Described {
  /** The JSON Schema of its payload or data. */
  schemaIn(draft: SchemaDraft): JsonObject;
}

/** A declared event of the application that is not stored. */
export interface SignalRule extends Described {
  /** @throws Refusal `invalid_payload` */
  read(payload: object): object;
  /** Whether it is passed on however many users are online. */
  crowd: boolean;
}

/** A kind of message, with data of its own. */
export interface KindRule extends Described {
  /** @throws Refusal `invalid_payload` */
  read(data: unknown): JsonObject;
  /** The text that people and search see; without this function, the sender's own text. */
  text?: (data: JsonObject) => string;
  /** The data after a user's stored value about the message is counted in (`by` is 1) or out (-1). */
  count?: (data: JsonObject, value: unknown, by: 1 | -1) => JsonObject;
  /** Fields of the data that only commands and `count` write. */
  counted?: readonly string[];
}

/** A command of the application. */
export interface CommandRule extends Described {
  /** Whether users who may only read may give the command, too. */
  reads: boolean;
  /** @throws Refusal `invalid_payload` */
  read(payload: object): unknown;
  /** Runs in the command's transaction. */
  handle(room: CommandRoom, payload: unknown): CommandOutcome;
}
