/** What clients of the small contestants send: a message and its sender. */
export interface Spoken {
  roomId: string;
  message: string;
  sender: string;
}
