import { fixed } from '../../protocol/codes/limits.ts';
import type { UpkeepContext } from '../context.ts';
import type { Effect } from '../effects.ts';
import { endStream } from '../messages/stream.ts';
import { Undecided } from '../verdict.ts';
import type { UpkeepTask } from './tasks.ts';

/** Ends streams whose senders have fallen silent. */
export const interrupting: UpkeepTask = {
  dueAt: ({ streams }) => {
    const at = streams.longestSilentSince();
    return at === undefined ? undefined : at + fixed.streamSilenceMs;
  },
  step: interruptSilent,
};

function interruptSilent(context: UpkeepContext): readonly Effect[] {
  const { streams, now } = context;
  const silent = streams.silentSince(now - fixed.streamSilenceMs, fixed.stepStreams);
  return silent.flatMap((seq) => {
    try {
      return interruptStream(context, seq);
    } catch (error) {
      if (!(error instanceof Undecided)) throw error;
      // Restarts the silence: the backend is asked again if the answer is lost with the room's memory.
      streams.touch(seq, now);
      return [{ type: 'ask' as const, question: error.question, seq }];
    }
  });
}

/** Ends one stream whose sender is silent. @throws Undecided when the backend must be asked first */
export function interruptStream(context: UpkeepContext, seq: number): readonly Effect[] {
  const before = context.messages.find(seq);
  if (before === undefined) return [];
  const { event, position, effects = [] } = endStream(context, before, 'interrupted');
  return [...effects, { type: 'broadcast', event, audience: { to: 'everyone' }, position }];
}
