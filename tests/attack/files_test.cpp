// A01 to A12: files and descriptors. The host's tree is compared before and after.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "attack/attack.hpp"

namespace sandbox_attack {
namespace {

namespace fs = std::filesystem;

/// Everything below a directory that another could have changed: names, modes, sizes, times, texts.
std::string snapshot(const std::string& directory) {
    std::vector<std::string> lines;
    for (const auto& entry : fs::recursive_directory_iterator(directory)) {
        struct stat state {};
        lstat(entry.path().c_str(), &state);
        std::ostringstream line;
        line << entry.path().string() << ' ' << std::oct << state.st_mode << std::dec << ' ' << state.st_uid << ' '
             << state.st_nlink << ' ' << state.st_size << ' ' << state.st_mtim.tv_sec << '.' << state.st_mtim.tv_nsec
             << ' ' << state.st_ctim.tv_sec << '.' << state.st_ctim.tv_nsec;
        if (S_ISREG(state.st_mode)) {
            line << ' ' << sandbox_test::read_file(entry.path());
        }
        lines.push_back(line.str());
    }
    std::sort(lines.begin(), lines.end());
    std::string text;
    for (const std::string& line : lines) {
        text += line + "\n";
    }
    return text;
}

using Files = sandbox_test::SandboxTest;

TEST_F(Files, A02_ChangingWhatIsNotWritable) {
    const std::string shown = directory() / "shown";
    const std::string writable = directory() / "writable";
    std::string before;
    Probe probe{.program = "attack_files",
                .arguments = {"directory=" + shown, "writable=" + writable},
                .run = {.sandbox = {"--ro", shown, "--rw", writable}},
                .ground = "plain"};
    probe.prepare = [&] {
        for (const std::string& path : {shown, writable}) {
            fs::remove_all(path);
            fs::create_directory(path);
        }
        fs::create_directory(shown + "/empty");
        sandbox_test::write_file(shown + "/file", "text");
        sandbox_test::write_file(shown + "/other", "text");
        before = snapshot(shown);
    };
    probe.judge = [&](Answers&) { EXPECT_EQ(snapshot(shown), before); };
    Attack("A02", "changing files that are not writable").make(probe);
}

}  // namespace
}  // namespace sandbox_attack
