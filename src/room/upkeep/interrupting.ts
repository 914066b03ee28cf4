import { fixed } from '../../protocol/codes/limits.ts';
import type { UpkeepContext } from '../context.ts';
import type { Effect } from '../effects.ts';
import { endStream } from '../messages/stream.ts';
import type { UpkeepTask } from './tasks.ts';

/** Ends streams whose senders have fallen silent. */
export const interrupting: UpkeepTask = {
  dueAt: ({ streams }) => {
    const at = streams.longestSilentSince();
    return at === undefined ? undefined : at + fixed.streamSilenceMs;
  },
  step: interrupt,
};

function interrupt(context: UpkeepContext): readonly Effect[] {
  const { streams, messages, now } = context;
  const silent = streams.silentSince(now - fixed.streamSilenceMs, fixed.stepStreams);
  return silent.flatMap((seq): Effect[] => {
    const before = messages.find(seq);
    if (before === undefined) return [];
    const { event, position, effects = [] } = endStream(context, before, 'interrupted');
    return [...effects, { type: 'broadcast', event, audience: { to: 'everyone' }, position }];
  });
}
