/**
 * The connections that an event or a disconnection is for, as data. An event for `everyone` or `user`
 * reaches joined connections; a disconnection also reaches those that have not joined.
 */
export type Audience =
  | { to: 'everyone'; except?: string | undefined }
  | { to: 'user'; userId: string }
  | { to: 'connection'; id: string };
