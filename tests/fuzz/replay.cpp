// Replays corpus/TARGET/* through each target, each text whole and every beginning of it: replay CORPUS
// A target without a text fails: nothing would be replayed.
#include "fuzz/fuzz.hpp"

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

namespace {

std::string read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void replay(const sandbox_fuzz::Target& target, const std::string& text) {
    for (std::size_t length = 0; length <= text.size(); ++length) {
        // A buffer of its own, so that a sanitizer sees a read behind the end.
        const std::unique_ptr<char[]> copy(new char[length]);
        text.copy(copy.get(), length);
        target.run({copy.get(), length});
    }
}

}  // namespace

int main(int argc, char** argv) try {
    sandbox_fuzz::must(argc == 2, "the corpus is named");
    for (const sandbox_fuzz::Target& target : sandbox_fuzz::targets) {
        int texts = 0;
        for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(argv[1]) / target.name)) {
            std::printf("%s\n", entry.path().c_str());
            std::fflush(stdout);  // names the text that ends the program
            replay(target, read(entry.path()));
            ++texts;
        }
        sandbox_fuzz::must(texts > 0, std::string(target.name) + " has a corpus");
    }
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "not an exception that a parser may throw: %s\n", error.what());
    return 1;
}
