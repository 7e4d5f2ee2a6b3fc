// Start-up against the number of mounts: those that the host has, and those that are asked for.
#include "rivals.hpp"
#include "sections.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

namespace bench {
namespace {

Effort effort(const Settings& settings) {
    return settings.quick ? Effort{10, 1} : Effort{300, 8};
}

// One table of several runs: a row for each command, a column for each count, and what one more mount costs, from the
// smallest count to the largest.
Table make_table(const std::vector<std::size_t>& counts, const std::vector<Figures>& runs) {
    Table table;
    table.columns = {"mounts"};
    for (const std::size_t count : counts) {
        table.columns.push_back(std::to_string(count));
    }
    table.columns.push_back("each");
    for (const Figures::Row& row : runs.front().rows) {
        std::vector<std::string> cells = {row.name};
        for (const Figures& run : runs) {
            const Figures::Row* found = run.find(row.name);
            cells.push_back(found == nullptr ? "failed" : number(found->values[0]));
        }
        const Figures::Row* first = runs.front().find(row.name);
        const Figures::Row* last = runs.back().find(row.name);
        const auto more = static_cast<double>(counts.back() - counts.front());
        cells.push_back(first == nullptr || last == nullptr ? "" : number((last->values[0] - first->values[0]) / more));
        table.rows.push_back(std::move(cells));
    }
    for (std::size_t i = 0; i < runs.size(); ++i) {
        for (const std::string& remark : runs[i].remarks()) {
            table.notes.push_back("with " + std::to_string(counts[i]) + ": " + remark);
        }
    }
    return table;
}

void write_file(const char* path, const std::string& text) {
    std::ofstream file(path);
    file << text << std::flush;
    if (!file) {
        throw std::runtime_error(std::string("cannot write ") + path);
    }
}

// A mount namespace of the worker's own, by root's right or by a user namespace.
void enter_mount_namespace() {
    if (::geteuid() == 0) {
        if (::unshare(CLONE_NEWNS) < 0) {
            throw std::runtime_error(std::string("unshare: ") + std::strerror(errno));
        }
        return;
    }
    const std::string uid = std::to_string(::geteuid());
    const std::string gid = std::to_string(::getegid());
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) {
        throw std::runtime_error(std::string("unshare: ") + std::strerror(errno));
    }
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", uid + " " + uid + " 1\n");
    write_file("/proc/self/gid_map", gid + " " + gid + " 1\n");
}

void make_mounts(const std::string& parent, std::size_t count) {
    enter_mount_namespace();
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0) {
        throw std::runtime_error(std::string("mount: ") + std::strerror(errno));
    }
    for (std::size_t i = 0; i < count; ++i) {
        const std::string path = parent + "/" + std::to_string(i);
        if (::mount(path.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) < 0) {
            throw std::runtime_error("mount " + path + ": " + std::strerror(errno));
        }
    }
}

Figures run(const Rivals& rivals, Effort effort) {
    Figures figures = summarise(rivals.commands, in_turn(rivals.commands, effort));
    figures.notes = rivals.notes;
    return figures;
}

}  // namespace

Section measure_host_mounts(const Settings& settings, const Caller& caller) {
    const std::vector<std::size_t> counts = {10, 100, 1000};
    const std::string parent = settings.place.make_directories("mounts", counts.back());
    std::vector<Figures> runs;
    for (const std::size_t count : counts) {
        runs.push_back(Figures::decode(run_as(
            caller, settings.place.directory(), [&] { make_mounts(parent, count); },
            [&] { return run(find_rivals(settings.place), effort(settings)).encode(); })));
    }
    Section section;
    section.table = make_table(counts, runs);
    section.table.title = "Start-up with more mounts on the host, as " + caller.name + " (median, microseconds)";
    return section;
}

Section measure_binds(const Settings& settings, const Caller& caller) {
    const std::vector<std::size_t> counts = {1, 10, 100, 1000};
    const std::string parent = settings.place.make_directories("sources", counts.back());
    std::vector<Figures> runs;
    for (const std::size_t count : counts) {
        std::vector<std::string> paths;
        for (std::size_t i = 0; i < count; ++i) {
            paths.push_back(parent + "/" + std::to_string(i));
        }
        runs.push_back(Figures::decode(run_as(
            caller, settings.place.directory(), [] {},
            [&] {
                Rivals rivals = only_working(
                    {sandbox_with_binds(settings.place, paths), bubblewrap_with_binds(settings.place, paths)});
                rivals.commands.push_back(
                    {floor_name, {settings.place.floor_paths(), "bind", parent, std::to_string(count)}});
                return run(rivals, effort(settings)).encode();
            })));
    }
    Section section;
    section.table = make_table(counts, runs);
    section.table.title = "Start-up with more --ro (bwrap: --ro-bind), as " + caller.name + " (median, microseconds)";
    const Figures::Row* own = runs.back().find(sandbox_name);
    const Figures::Row* rival = runs.back().find(bubblewrap_name);
    if (own != nullptr && rival != nullptr) {
        section.goals.push_back(
            {"start-up with 1000 binds against bwrap, as " + caller.name, 0.1, own->values[0] / rival->values[0]});
    }
    return section;
}

}  // namespace bench
