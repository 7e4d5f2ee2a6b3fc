#include "attack/snapshot.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <vector>

#include "support/environment.hpp"

namespace sandbox_attack {

std::string snapshot(const std::string& directory) {
    std::vector<std::string> lines;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
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

}  // namespace sandbox_attack
