import type { Handler } from '../context.ts';
import { found } from './edit-message.ts';

export const getMessage: Handler<'getMessage'> = (context, { seq }) => ({
  reply: { message: found(context, seq) },
});
