// What a worker tells arrives, however it is cut on the way.
#include "changes/messages.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sandbox::changes {
namespace {

Change usual() {
    Change change;
    change.kind = ChangeKind::unlinked;
    change.path = std::string("/a\0\n\xff", 5);
    change.before = {FileType::file, 04755, 1, 4294967295U, 1ULL << 62U, ""};
    change.after = {FileType::symlink, 0777, 7, 8, 9, "target"};
    change.before.capabilities = "cap_net_raw=ep";
    change.content = change.time = true;
    change.patch = "--- a\n";
    return change;
}

TEST(ChangesMessages, ArriveByteByByte) {
    const std::string sent = message_of(usual()) + message_of(ChangeNote{ChangeNote::Kind::dropped, "/p", "why"}) +
                             message_of(ChangeProgress{3, 4}) + end_message() + "rest";
    std::vector<Change> changes;
    std::vector<ChangeNote> notes;
    std::vector<ChangeProgress> progress;
    const ChangeListener listener{[&](const Change& change) { changes.push_back(change); },
                                  [&](const ChangeNote& note) { notes.push_back(note); },
                                  [&](const ChangeProgress& now) { progress.push_back(now); }};
    std::string text;
    std::size_t at = 0;
    for (bool ended = false; !ended; ++at) {
        ASSERT_LT(at, sent.size());
        text += sent[at];
        ended = take_messages(text, listener);
    }
    EXPECT_EQ(sent.substr(at), "rest");
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(message_of(changes[0]), message_of(usual()));
    EXPECT_EQ(changes[0].path, usual().path);
    EXPECT_EQ(changes[0].before.gid, 4294967295U);
    EXPECT_EQ(changes[0].before.capabilities + changes[0].after.target, "cap_net_raw=eptarget");
    EXPECT_TRUE(changes[0].content && changes[0].time && !changes[0].mode);
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_EQ(notes[0].kind, ChangeNote::Kind::dropped);
    EXPECT_EQ(notes[0].path + notes[0].text, "/pwhy");
    ASSERT_EQ(progress.size(), 1U);
    EXPECT_EQ(progress[0].bytes, 4U);
}

TEST(ChangesMessages, AnErrorIsThrownAgain) {
    std::string text = message_of(Error("what").with_fix("fix"));
    try {
        (void)take_messages(text, {});
        FAIL();
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "what");
        EXPECT_EQ(error.fix(), "fix");
    }
}

}  // namespace
}  // namespace sandbox::changes
