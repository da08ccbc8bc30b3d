import { createTestInbox, describeCommsInbox } from "@holdfast/testkit";

describeCommsInbox(() => {
  const inbox = createTestInbox();
  return { inbox, send: (candidate) => inbox.send(candidate), dismiss: () => inbox.dismiss() };
});
