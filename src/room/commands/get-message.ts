import type { Handler } from '../context.ts';
import { findMessage } from '../messages/find-message.ts';

/** One message, deleted or not. */
export const getMessage: Handler<'getMessage'> = (context, { seq }) => ({
  reply: { message: findMessage(context, seq) },
});
