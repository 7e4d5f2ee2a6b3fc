// Looking at what a run has changed, and keeping it, against rsync(1) with the same files.
#include "sections.hpp"

#include "changes/store.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {
namespace files = std::filesystem;
namespace {

constexpr const char* rsync = "/usr/bin/rsync";

// What was added by the run: many small files, or a large one.
void make_small_files(const std::string& directory, std::size_t count) {
    constexpr std::size_t in_each = 500;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string below = directory + "/" + std::to_string(i / in_each);
        if (i % in_each == 0) {
            files::create_directory(below);
        }
        std::ofstream(below + "/" + std::to_string(i)) << std::string(200 + i % 3000, 'x');
    }
}

void make_large_file(const std::string& directory, std::uint64_t mebibytes) {
    std::ofstream file(directory + "/large", std::ios::binary);
    std::string text(1U << 20U, 'x');
    for (std::uint64_t i = 0; i < mebibytes; ++i) {
        std::memcpy(text.data(), &i, sizeof i);
        file << text;
    }
    if (!file.flush()) {
        throw std::runtime_error("cannot write " + directory + "/large");
    }
}

double seconds_of(const std::vector<std::string>& words, int status) {
    std::vector<char*> argv;
    std::vector<std::string> copy = words;
    for (std::string& word : copy) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    ::sync();
    go_on();
    const double start = now();
    pid_t pid = 0;
    int ended = 0;
    if (::posix_spawn(&pid, argv[0], nullptr, nullptr, argv.data(), environ) != 0 || ::waitpid(pid, &ended, 0) < 0 ||
        !WIFEXITED(ended) || WEXITSTATUS(ended) != status) {
        throw std::runtime_error(words[0] + " " + words[1] + " failed");
    }
    return now() - start;
}

/// A tree of the host, a directory of changes, and a place for what rsync(1) makes of them.
struct Trees {
    explicit Trees(const std::string& where)
        : top(where + "/changes-" + std::to_string(::getuid())),
          host(top + "/host"),
          store(top + "/store"),
          copy(top + "/copy") {
        files::create_directories(host);
        sandbox::changes::Wanted wanted;
        wanted.users = {{0, ::geteuid(), 1}};
        wanted.groups = {{0, ::getegid(), 1}};
        wanted.overlays = {{host, {}, {}}};
        (void)sandbox::changes::Store::open_for_run(store, wanted);
    }
    ~Trees() {
        std::error_code ignored;
        files::remove_all(top, ignored);
    }
    Trees(const Trees&) = delete;
    Trees& operator=(const Trees&) = delete;
    [[nodiscard]] std::string upper() const { return store + "/0/upper"; }
    /// Removed at the end alone: ext4 does not give an inode again for some minutes, and looks one by one through those
    /// that it passes over, so that who makes files behind a removal of many would pay for it.
    void set_aside(std::size_t round) const {
        for (const std::string& tree : {host, copy}) {
            if (files::exists(tree)) {
                files::rename(tree, tree + "-" + std::to_string(round));
            }
            files::create_directory(tree);
        }
    }
    void remove_aside() const {
        for (const files::directory_entry& entry : files::directory_iterator(top)) {
            if (entry.path() != host && entry.path() != copy && entry.path() != store) {
                files::remove_all(entry.path());
            }
        }
    }

    std::string top;
    std::string host;
    std::string store;
    std::string copy;
};

void measure(Figures& figures, const std::string& name, const std::string& binary, const Trees& trees,
             std::size_t rounds, bool large) {
    std::vector<double> diff;
    std::vector<double> apply;
    std::vector<double> rival;
    for (std::size_t round = 0; round < rounds; ++round) {
        trees.set_aside(round);
        if (large) {
            trees.remove_aside();
        }
        diff.push_back(seconds_of({binary, "diff", "--stat", trees.store}, 1));
        const auto measure_rival = [&] {
            rival.push_back(seconds_of({rsync, "-a", trees.upper() + "/", trees.copy}, 0));
        };
        if (round % 2 == 1) {
            measure_rival();
        }
        apply.push_back(seconds_of({binary, "apply", "--force", trees.store}, 0));
        if (round % 2 == 0) {
            measure_rival();
        }
    }
    figures.rows.push_back({name, {median(diff), median(apply), median(rival)}, ""});
}

Figures measure_all(const Settings& settings) {
    Figures figures;
    if (::access(rsync, X_OK) != 0) {
        figures.notes.emplace_back("rsync left out: not installed");
        return figures;
    }
    const std::size_t count = settings.quick ? 10'000 : 100'000;
    const std::uint64_t mebibytes = settings.quick ? 256 : 4096;
    const std::size_t rounds = settings.quick ? 1 : 3;
    {
        const Trees trees(settings.place.directory());
        make_small_files(trees.upper(), count);
        measure(figures, std::to_string(count) + " small files", settings.place.sandbox(), trees, rounds, false);
    }
    const Trees trees(settings.place.directory());
    make_large_file(trees.upper(), mebibytes);
    measure(figures, "one of " + std::to_string(mebibytes) + " MiB", settings.place.sandbox(), trees, rounds, true);
    return figures;
}

}  // namespace

Section measure_changes(const Settings& settings, const Caller& caller) {
    const Figures figures = Figures::decode(run_as(
        caller, settings.place.directory(), [&] { files::permissions(settings.place.directory(), files::perms::all); },
        [&] { return measure_all(settings).encode(); }));
    Section section;
    section.table.title = "Looking at changes and keeping them, in milliseconds, as " + caller.name;
    section.table.columns = {"added", "diff", "apply", "rsync -a", "apply : rsync"};
    for (const Figures::Row& row : figures.rows) {
        const auto milliseconds = [&](std::size_t at) { return number(row.values.at(at) * 1000); };
        section.table.rows.push_back(
            {row.name, milliseconds(0), milliseconds(1), milliseconds(2), ratio(row.values[1] / row.values[2])});
        section.goals.push_back({"diff of " + row.name + ", rsync", 1.0, row.values[0] / row.values[2]});
        section.goals.push_back({"apply of " + row.name + ", rsync", 1.0, row.values[1] / row.values[2]});
    }
    section.table.notes = figures.remarks();
    return section;
}

}  // namespace bench
