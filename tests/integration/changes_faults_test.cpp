// sandbox apply that is killed, or finds no room: every file is the old one or the new one, and the next one does the
// rest.
#include "support/changes.hpp"
#include "support/host.hpp"
#include "support/stepper.hpp"

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>

#include <unistd.h>

namespace sandbox_test {
namespace {

class ChangesFaults : public ChangesTest {
  protected:
    static constexpr const char* old_tree = R"(
        echo old >modified; head -c 50000 /dev/zero >large; echo x >deleted; mkdir -p tree/sub; echo y >tree/sub/a
        echo z >tree/b; echo f >file; mkdir directory; echo k >directory/kept; echo m >mode; ln -s a link
        mkdir opaque; echo o >opaque/gone; echo p >opaque/same; mkdir parent; echo c >parent/child; echo h >one
        ln one two; echo both >both; chmod 0600 both; mkdir closed; chmod 0555 closed
        find . -exec touch -h -d 2020-01-01 {} +)";
    static constexpr const char* new_tree = R"(
        echo new >>modified; head -c 60000 /dev/urandom >large; rm deleted; rm -r tree; rm file; mkdir file
        echo in >file/in; rm -r directory; echo f >directory; chmod 0600 mode; ln -sfn b link; rm -r opaque
        mkdir opaque; echo p >opaque/same; echo n >opaque/new; echo d >>parent/child; mkdir -p added/below
        echo n >added/file; ln added/file added/again; mkfifo added/fifo; echo i >>one; rm two; chmod 0640 both
        touch -d 2002-02-02 both; chmod 0755 closed; echo c >closed/in; chmod 0555 closed; chmod 0500 added/below)";

    // Each path is as it was or as it shall be.
    static void expect_old_or_new(const std::string& now, const std::string& before, const std::string& after) {
        const auto old_lines = by_path(before);
        const auto new_lines = by_path(after);
        const auto lines = by_path(now);
        const auto line_of = [](const auto& all, const std::string& path) {
            const auto found = all.find(path);
            return found == all.end() ? std::string("nothing") : found->second;
        };
        std::set<std::string> paths;
        for (const auto* all : {&old_lines, &new_lines, &lines}) {
            for (const auto& [path, line] : *all) {
                paths.insert(path);
            }
        }
        for (const std::string& path : paths) {
            if (path.find(".sandbox-apply-") != std::string::npos) {
                continue;
            }
            const std::string line = line_of(lines, path);
            EXPECT_TRUE(line == line_of(old_lines, path) || line == line_of(new_lines, path)) << path << ": " << line;
        }
    }

    void start_anew() {
        run({"chmod", "-R", "u+rwX", directory().path()});
        std::filesystem::remove_all(host());
        std::filesystem::remove_all(dir());
        std::filesystem::create_directory(host());
    }
};

// Of the stops of its life, some; SANDBOX_TESTS_KILL_POINTS says how many.
TEST_F(ChangesFaults, KilledAtAnyPoint) {
    const char* const asked = std::getenv("SANDBOX_TESTS_KILL_POINTS");
    const unsigned points = asked == nullptr ? 20 : static_cast<unsigned>(std::strtoul(asked, nullptr, 10));
    std::vector<std::string> command = {sandbox_binary(), "apply", dir()};
    if (::geteuid() != 0) {
        command.insert(command.begin(), {"/usr/bin/unshare", "-Ur"});
    }
    unsigned stops = 0;
    for (unsigned point = 0; point <= points && !HasFailure(); ++point) {
        start_anew();
        change_on_host(old_tree);
        const std::string before = listing();
        const std::string after = change_and_list(new_tree);
        give_to_root_inside();
        if (point == 0) {
            stops = count_stops(command);
            EXPECT_EQ(by_path(listing()), by_path(after));
            continue;
        }
        SCOPED_TRACE("killed at stop " + std::to_string(point * stops / (points + 1)) + " of " + std::to_string(stops));
        {
            Stepper apply(command);
            apply.advance(point * stops / (points + 1));
            apply.kill_program();
            apply.wait();
        }
        expect_old_or_new(listing(), before, after);
        const Result again = run(command);
        EXPECT_EQ(again.exit_status, 0) << again;
        EXPECT_TRUE(again.err.empty() || again.err.find("nothing to do") != std::string::npos) << again;
        EXPECT_EQ(by_path(listing()), by_path(after));
    }
}

// A file system that has less and less room, page by page, for the host's tree; then likewise for DIR.
TEST_F(ChangesFaults, NoRoomAtAnyWrite) {
    change_on_host(old_tree);
    const std::string before = listing();
    const std::string after = change_and_list(new_tree);
    give_to_root_inside();
    const std::string script = std::string(R"(
        cp -a "$TREE" /mnt/tree; cp -a "$DIR" /mnt/dir
        list() { (cd "$TREE"; )") +
                               list + R"(); echo; }
        try() {
            status=0; "$SANDBOX" apply --force "$DIR" 2>/mnt/err >&2 || status=$?
            echo "status $status"; list
            mount --options-mode ignore -o remount,size=100M none "$1"
            "$SANDBOX" apply --force "$DIR" 2>/mnt/err >&2 || { cat /mnt/err >&2; exit 9; }
            list
            umount "$1"
        }
        used=$(du -sk --apparent-size /mnt/tree | cut -f1)
        for room in 0 4 8 12 16 24 32 48 64 80 96 112 128; do
            mount -t tmpfs -o size=$((used / 2 + room))k none "$TREE"
            if cp -a /mnt/tree/. "$TREE" 2>/mnt/err; then try "$TREE"; else umount "$TREE"; fi
            rm -rf "$DIR/journal" "$DIR/pending"
        done
        for room in 0 4 8; do
            mount -t tmpfs -o size=100M none "$TREE"; cp -a /mnt/tree/. "$TREE"
            mount -t tmpfs -o size=100M,mode=0700 none "$DIR"; cp -a /mnt/dir/. "$DIR"
            size=$(df -k --output=used "$DIR" | tail -1)
            mount --options-mode ignore -o remount,size=$((size + room))k none "$DIR"
            try "$DIR"; umount "$TREE"
        done)";
    const Result result = on_host_of_its_own(script, {.set = {{"TREE", host()}, {"DIR", dir()}}});
    ASSERT_EQ(result.exit_status, 0) << result;
    std::istringstream text(result.out);
    unsigned failed = 0;
    unsigned tried = 0;
    for (std::string line; std::getline(text, line);) {
        ASSERT_TRUE(line.starts_with("status ")) << line;
        failed += line == "status 125" ? 1 : 0;
        std::string listings[2];
        for (std::string& listing : listings) {
            while (std::getline(text, line) && !line.empty()) {
                listing += line + "\n";
            }
        }
        ++tried;
        expect_old_or_new(listings[0], before, after);
        EXPECT_EQ(by_path(listings[1]), by_path(after));
    }
    EXPECT_GE(failed, 3U) << result.err;
    EXPECT_LT(failed, tried);
}

}  // namespace
}  // namespace sandbox_test
