import type { OperationName } from '../protocol/commands.ts';
import type { Context, UpkeepContext } from './context.ts';
import type { Effect } from './effects.ts';

/** What an application adds to a room. It comes in through a port; a room imports none. */
export interface Application {
  /** Effects of a command beyond its own. Called inside its transaction. */
  effectsOf(name: OperationName, context: Context): readonly Effect[];
  /** The body of a delivery as of now, as JSON; undefined when there is nothing left to say. */
  read(context: UpkeepContext, target: string, key: string): string | undefined;
}
