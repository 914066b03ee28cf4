import * as z from 'zod';
import { defineApp, refuse } from '../src/app/define.ts';

/** Polls: a kind of message that users vote on. Import it in `src/app.ts` and export it. */

const option = z.string().min(1).max(100);
const poll = z.object({
  question: z.string().min(1).max(200),
  options: z.array(option).min(2).max(10),
  /** How many have voted for each option. */
  votes: z.array(z.int().min(0)).optional(),
  closed: z.boolean().optional(),
});

export default defineApp({
  kinds: {
    poll: {
      data: poll,
      text: ({ question, options }) => [question, ...options].join('\n'),
      counted: ['votes'],
      count(data, voted: number, by) {
        const { options, votes } = data;
        return {
          ...data,
          votes: options.map((_, at) => (votes?.[at] ?? 0) + (at === voted ? by : 0)),
        };
      },
    },
  },
  commands: {
    vote: {
      payload: z.object({ seq: z.int().min(1), option: z.int().min(0) }),
      handle(room, { seq, option }) {
        const { options, closed } = room.message(seq, 'poll').data;
        if (closed === true) throw refuse('This poll is closed.');
        if (option >= options.length) throw refuse('This poll has no such option.');
        room.perUser(seq).set(option);
        return { reply: { votes: room.message(seq, 'poll').data.votes ?? [] } };
      },
    },
    closePoll: {
      payload: z.object({ seq: z.int().min(1) }),
      handle(room, { seq }) {
        const { senderId, data } = room.message(seq, 'poll');
        if (senderId !== room.user.userId) throw refuse('Only its author closes a poll.');
        room.update(seq, { ...data, closed: true });
      },
    },
  },
});
