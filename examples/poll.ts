import * as z from 'zod';
import { defineApp, refuse } from '../src/app/define.ts';

/** Polls: a kind of message that everybody votes on. Import it in `src/app.ts` and export it. */

const option = z.string().min(1).max(100);
const poll = z.object({
  question: z.string().min(1).max(200),
  options: z.array(option).min(2).max(10),
  /** How many have voted for each option. */
  votes: z.array(z.int().min(0)).optional(),
  closed: z.boolean().optional(),
});

/** The counts with one vote more, or less. */
function counted({ options, votes }: z.infer<typeof poll>, at: number | undefined, by: 1 | -1) {
  return options.map((_, index) => (votes?.[index] ?? 0) + (index === at ? by : 0));
}

export default defineApp({
  kinds: {
    poll: {
      data: poll,
      text: ({ question, options }) => [question, ...options].join('\n'),
      // The vote of a user who is erased no longer counts.
      forget: (data, at: number) => ({ ...data, votes: counted(data, at, -1) }),
    },
  },
  commands: {
    vote: {
      payload: z.object({ seq: z.int().min(1), option: z.int().min(0) }),
      handle(room, { seq, option }) {
        const message = room.message(seq);
        if (message.kind !== 'poll') throw refuse('This message is no poll.');
        const data = poll.parse(message.data);
        if (data.closed === true) throw refuse('This poll is closed.');
        if (option >= data.options.length) throw refuse('This poll has no such option.');
        const vote = room.perUser<number>(seq);
        const votes = counted({ ...data, votes: counted(data, vote.get(), -1) }, option, 1);
        vote.set(option);
        room.update(seq, { ...data, votes });
        return { reply: { votes } };
      },
    },
    closePoll: {
      payload: z.object({ seq: z.int().min(1) }),
      handle(room, { seq }) {
        const message = room.message(seq);
        if (message.kind !== 'poll') throw refuse('This message is no poll.');
        if (message.senderId !== room.user.userId) throw refuse('Only its author closes a poll.');
        room.update(seq, { ...message.data, closed: true });
      },
    },
  },
});
