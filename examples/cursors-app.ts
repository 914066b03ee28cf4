import * as z from 'zod';
import { defineApp } from '../src/app/define.ts';

/** Cursors of all users in a room. Import it in `src/app.ts` and export it; `cursors.ts` sends them. */
export default defineApp({
  signals: { cursor: z.object({ x: z.number(), y: z.number() }) },
});
