/**
 * The connections that something is for, as data. `everyone` and `user` mean joined connections,
 * except where a connection is disconnected: that reaches connections that have not joined, too.
 */
export type Audience =
  | { to: 'everyone'; except?: string | undefined }
  | { to: 'user'; userId: string }
  | { to: 'connection'; id: string };
