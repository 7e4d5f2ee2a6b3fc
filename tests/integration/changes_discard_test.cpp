// sandbox discard: all of it goes, and nothing else.
#include "support/changes.hpp"

#include <sandbox/changes.hpp>

#include <cstdint>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

namespace sandbox_test {
namespace {

class ChangesDiscard : public ChangesTest {
  protected:
    [[nodiscard]] bool is_there() const { return ::access(dir().c_str(), F_OK) == 0; }
};

TEST_F(ChangesDiscard, RemovesWhatOverlayfsAndTheCommandHaveMade) {
    change("mkdir -p a/b; echo x >a/b/c; ln -s / link; mkdir closed; echo y >closed/z; chmod 0 closed a/b/c; mkfifo f");
    craft("mkdir read-only; echo x >read-only/y; chmod 0500 read-only");
    const Result result = verb({"discard", dir()});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.out + result.err, "");
    EXPECT_FALSE(is_there());
    EXPECT_EQ(verb({"discard", dir()}).exit_status, 125);
}

TEST_F(ChangesDiscard, FollowsNoLink) {
    change_on_host("mkdir keep; echo a >keep/a");
    craft("ln -s " + host("keep") + " link; ln -s / root");
    ASSERT_EQ(::symlink(host("keep").c_str(), (dir() + "/7").c_str()), 0);
    EXPECT_EQ(verb({"discard", dir()}).exit_status, 0);
    EXPECT_FALSE(is_there());
    EXPECT_EQ(read_file(host("keep/a")), "a\n");
}

TEST_F(ChangesDiscard, DoesNotTakeWhatIsNotIts) {
    begin();
    write_file(dir() + "/mine", "x");
    const Result result = verb({"discard", dir()});
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_NE(result.err.find("there is something in it that no run has put there, mine"), std::string::npos) << result;
    EXPECT_EQ(diff(), "");
}

TEST_F(ChangesDiscard, OneThatWasKilledIsContinued) {
    craft("echo x >x");
    ASSERT_EQ(::rename((dir() + "/sandbox.json").c_str(), (dir() + "/sandbox.json.discarded").c_str()), 0);
    EXPECT_EQ(verb({"diff", dir()}).exit_status, 125);
    EXPECT_EQ(verb({"discard", dir()}).exit_status, 0);
    EXPECT_FALSE(is_there());
}

TEST_F(ChangesDiscard, StaysInOneFileSystem) {
    craft("mkdir mounted");
    const std::string script =
        "mount -t tmpfs none \"$1/0/upper/mounted\"; echo x >\"$1/0/upper/mounted/x\"\n"
        "if \"$0\" discard \"$1\"; then exit 3; fi; cat \"$1/0/upper/mounted/x\"";
    const Result result = run({"unshare", "-Urm", "sh", "-euc", script, sandbox_binary(), dir()});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.out, "x\n");
    EXPECT_EQ(verb({"discard", dir()}).exit_status, 0);
}

TEST_F(ChangesDiscard, ALongOneTellsHowFarItIs) {
    craft("i=0; while [ $i -lt 1000 ]; do : >$i; i=$((i + 1)); done");
    std::uint64_t files = 0;
    ::sandbox::ChangeListener listener;
    listener.progress = [&](const ::sandbox::ChangeProgress& progress) {
        EXPECT_GT(progress.files, files);
        files = progress.files;
    };
    ::sandbox::discard(dir(), listener);
    EXPECT_GT(files, 700U);
    EXPECT_FALSE(is_there());
}

TEST_F(ChangesDiscard, DeepOnesFitIntoFewDescriptors) {
    craft(R"(i=0; while [ $i -lt 1000 ]; do mkdir d; cd -P d; i=$((i + 1)); done; echo x >bottom)");
    EXPECT_EQ(verb({"discard", dir()}).exit_status, 0);
    EXPECT_FALSE(is_there());
}

}  // namespace
}  // namespace sandbox_test
