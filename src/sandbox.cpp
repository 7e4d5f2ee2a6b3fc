// The public functions: what connects Spec, host, plan and run.
#include <sandbox/sandbox.hpp>

#include "changes/thrown_away.hpp"
#include "host/overlay_places.hpp"
#include "host/probe.hpp"
#include "host/profile.hpp"
#include "host/tree.hpp"
#include "host/tree_answering.hpp"
#include "host/tree_once.hpp"
#include "host/tree_without.hpp"
#include "limits/cgroup.hpp"
#include "placeholder/sweep.hpp"
#include "plan/build.hpp"
#include "plan/cgroup.hpp"
#include "plan/identity.hpp"
#include "plan/render.hpp"
#include "plan/report_place.hpp"
#include "plan/root_ids.hpp"
#include "plan/written.hpp"
#include "registry/describe.hpp"
#include "registry/registry.hpp"
#include "report/reporter.hpp"
#include "run/changes.hpp"
#include "run/contents.hpp"
#include "run/launcher.hpp"
#include "sandboxes.hpp"
#include "spec/escape.hpp"
#include "spec/namespaces.hpp"
#include "spec/paths.hpp"
#include "spec/validate.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

namespace sandbox {
namespace {

host::Wanted wanted(const Spec& spec) {
    host::Wanted wanted;
    wanted.descriptors = spec.descriptors;
    wanted.user_ids = plan::asks_for_ids(spec.map_users);
    wanted.group_ids = plan::asks_for_ids(plan::group_mapping(spec));
    wanted.own_ids = plan::asks_for_real_ids(spec);
    wanted.groups = spec.user && !spec.root;
    wanted.cgroups = spec.limits.need_cgroup() || spec.report || spec.report_descriptor;
    wanted.controllers = plan::controllers_for(spec.limits);
    wanted.overlays =
        std::ranges::any_of(spec.mounts, [](const Mount& mount) { return std::holds_alternative<Overlay>(mount); });
    wanted.limits =
        spec.limits.best_effort || !spec.limits.resources.empty() || spec.limits.nice || spec.limits.cpu_time;
    return wanted;
}

/// The host's file tree, of which no question waits for ever.
class HostTree {
  public:
    explicit HostTree(const host::Facts& facts) {
        if (host::TreeAnswering::is_needed(facts.mounts)) {
            answering_.emplace(real_, facts.mounts, facts.cwd);
        }
    }
    [[nodiscard]] const host::Tree& get() const {
        return answering_ ? static_cast<const host::Tree&>(*answering_) : real_;
    }

  private:
    const host::RealTree real_;
    std::optional<host::TreeAnswering> answering_;
};

// Whoever does not know all records takes another sandbox's placeholder for a file of the host, and removes what that
// sandbox has adopted: no other directory makes up for one that cannot be read.
void check_records(const host::Tree& tree) {
    if (!tree.may_be_silent()) {
        return;
    }
    for (const std::string& path : placeholder::own_state_paths()) {
        if (const std::optional<std::string> mount = tree.silent(path)) {
            throw Error("cannot look for records of placeholders in " + path + ": the file system mounted at " +
                        *mount + " does not answer")
                .with_fix("unmount it, or set XDG_RUNTIME_DIR to another directory if that leads there");
        }
    }
}

std::string read_profile(const std::string& path, const host::Tree& tree) {
    if (const std::optional<std::string> mount = tree.silent(path)) {
        throw Error("--seccomp " + path + ": the file system mounted at " + *mount + " does not answer")
            .with_fix("unmount it, or name a file that lies elsewhere");
    }
    return host::read_profile(path);
}

std::optional<run::InheritedNamespaces> open_inherited(const Spec& spec, const host::Tree& tree) {
    if (spec.join.empty()) {
        return std::nullopt;
    }
    run::InheritedNamespaces namespaces;
    for (const Join& join : spec.join) {
        const std::string option = "--join " + std::string(spec::name(join.kind)) + '=' + spec::escaped(join.from);
        if (join.from.find('/') != std::string::npos) {
            if (const std::optional<std::string> mount = tree.silent(join.from)) {
                throw Error(option + ": the file system mounted at " + *mount + " does not answer")
                    .with_fix("unmount it, or name a file that lies elsewhere");
            }
            run::add_inherited(namespaces, join);
            continue;
        }
        const std::optional<registry::Found> found = find_started(join.from);
        if (!found) {
            throw Error(option + ": no sandbox of that name runs")
                .with_fix("sandbox list shows those that do; a file has a / in it: ./" + spec::escaped(join.from));
        }
        run::add_inherited(namespaces, join, *found);
    }
    return namespaces;
}

// Looked at again, as all that a plan knows of the host.
host::OverlayPlace made_place(const changes::ThrownAway& made) {
    const std::string& path = made.path();
    return {spec::parent(path), {}, host::OverlayPlace::Made{path, host::identify(made.directory(), ".", 0).value()}};
}

// The placeholders of other sandboxes are not there: what is missing without them is missing. `look` finds them.
// `settings` has what was made for the plan already, and gets what it joins.
template <class Look>
plan::Plan make_plan(const Spec& spec, const Look& look, run::Settings& settings, bool scope_can_be_had = true) {
    spec::validate(spec);
    host::Facts facts = host::probe(wanted(spec));
    facts.state = placeholder::own_state_paths();
    facts.cgroups.manager = facts.cgroups.manager && scope_can_be_had;
    const HostTree host(facts);
    const host::Tree& tree = host.get();
    if (spec.system_call_profile) {
        facts.system_call_profile = read_profile(*spec.system_call_profile, tree);
    }
    if (settings.thrown_away) {
        facts.overlay_places = {made_place(*settings.thrown_away)};
    } else if (plan::prefers_disk(spec, facts)) {
        facts.overlay_places = host::probe_overlay_places(facts, tree);
    }
    std::optional<run::InheritedNamespaces>& inherited = settings.inherited;
    inherited = open_inherited(spec, tree);
    facts.joins_below = inherited && inherited->owner;
    facts.root.joined = facts.joins_below ? inherited->root : std::nullopt;
    check_records(tree);
    const placeholder::Identities placeholders = look();
    if (placeholders.empty()) {
        return plan::build(spec, facts, host::TreeOnce(tree));
    }
    const host::TreeWithout without(tree, [&](const plan::FileId& id, const std::string& path, bool followed) {
        return placeholder::is_one_of(placeholders, {id.device, id.inode}, path, followed);
    });
    return plan::build(spec, facts, host::TreeOnce(without));
}

bool is_writable_inside(const plan::Plan& plan, const std::string& canonical) {
    std::set<std::string> overlays;  // what is written there is not written on the host
    for (const plan::Step& step : plan.steps) {
        if (const auto* overlay = std::get_if<plan::MountOverlay>(&step)) {
            overlays.insert(overlay->lower.target);
        }
    }
    return std::ranges::any_of(plan.areas, [&](const auto& area) {
        const auto& [place, source] = area;
        return !source.empty() && !overlays.contains(place) && spec::is_below_or_same(canonical, source) &&
               std::ranges::any_of(plan.writable, [&place = place](const std::string& writable) {
                   return spec::is_below_or_same(place, writable);
               });
    });
}

// A directory of the state that is missing where the command may write would be one of its making: it is made now, and
// hidden by the next plan. Whether one was.
bool hold_state(const Spec& spec, const plan::Plan& plan) {
    bool made = false;
    const host::RealTree tree;
    for (const std::string& path : placeholder::own_state_paths()) {
        const std::optional<std::string> above = tree.canonical(spec::parent(path));
        if (above && (spec.only || is_writable_inside(plan, *above)) && !tree.look(registry::directory_in(path))) {
            registry::make_directory_in(path);
            made = true;
        }
    }
    return made;
}

plan::Plan make_plan(const Spec& spec) {
    run::Settings settings;
    return make_plan(spec, placeholder::known, settings);
}

// A file that the command can write to by its path is none that nobody inside can forge.
void check_report_descriptor(const Spec& spec, const plan::Plan& plan) {
    struct stat entry {};
    if (!spec.report_descriptor || ::fstat(*spec.report_descriptor, &entry) < 0 || !S_ISREG(entry.st_mode)) {
        return;
    }
    const std::string number = std::to_string(*spec.report_descriptor);
    std::array<char, PATH_MAX> path{};
    const ssize_t length = ::readlink(("/proc/self/fd/" + number).c_str(), path.data(), path.size());
    const std::string file(path.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
    const bool writable = spec.only || std::ranges::any_of(plan::shown_writable(plan), [&](const std::string& shown) {
                              return spec::is_below_or_same(file, shown);
                          });
    if (writable) {
        throw Error("--report-fd " + number + ": it is a file that the command may write to")
            .with_fix("--report FILE, which puts it there when the command is gone, or a pipe");
    }
}

// A directory that is missing is made once all else is known to be right, and hidden by the plan that knows it.
void keep_changes(const Spec& spec, plan::Plan& plan, run::Settings& settings, bool scope) {
    const bool made = !plan.written->id;
    settings.changes = run::open_changes(plan, *spec.changes);
    if (made) {
        settings.changes.reset();  // the lock
        plan = make_plan(spec, placeholder::known, settings, scope);
        settings.changes = run::open_changes(plan, *spec.changes);
    }
}

void throw_away(const Spec& spec, plan::Plan& plan, run::Settings& settings, bool scope) {
    settings.thrown_away = run::make_thrown_away(plan);
    plan = make_plan(spec, placeholder::known, settings, scope);
    if (plan.written) {
        run::make_layers(plan, *settings.thrown_away);
    }
}

Process start(const Spec& spec, const std::shared_ptr<report::Reporter>& reporter) {
    run::Settings settings;
    plan::Plan plan = make_plan(
        spec, [] { return placeholder::sweep().known; }, settings);
    // Whoever could be run again in a scope has been.
    const bool scope = !plan.cgroup || !plan.cgroup->parent.empty() || !spec.limits.best_effort;
    if (hold_state(spec, plan) || !scope) {
        plan = make_plan(spec, placeholder::known, settings, scope);
    }
    if (spec.changes) {
        keep_changes(spec, plan, settings, scope);
    } else if (plan.written) {
        throw_away(spec, plan, settings, scope);
    }
    check_report_descriptor(spec, plan);
    run::load_contents(plan);
    if (reporter) {
        reporter->phase("plan");
    }
    settings.reporter = reporter;
    if (spec.name) {
        settings.registration = registry::Registration::reserve(*spec.name, spec.detached, spec.foreground);
        settings.described = registry::describe(plan, spec);
    }
    settings.foreground = spec.foreground;
    settings.trace = spec.trace;
    settings.die_with_parent = spec.die_with_parent;
    return run::start(std::move(plan), std::move(settings));
}

}  // namespace

Process launch(const Spec& spec) {
    const std::shared_ptr<report::Reporter> reporter = report::Reporter::open(spec);
    try {
        return start(spec, reporter);
    } catch (const Error& error) {
        if (reporter) {
            reporter->failed(error);
        }
        throw;
    }
}

bool needs_scope(const Spec& spec) {
    // Whatever the nearest one has: a scope is made where none is the caller's.
    return spec.limits.need_cgroup() && plan::takes_scope(host::probe_cgroups(std::vector<std::string>()));
}

void settle_in_scope() noexcept {
    try {
        const host::CgroupFacts facts = host::probe_cgroups();
        if (!facts.levels.empty() && facts.levels.front().alone && !facts.levels.front().root) {
            limits::enter_below(facts.levels.front().path);
        }
    } catch (const std::exception&) {
        return;  // the plan says what is missing
    }
}

std::vector<std::string> collect_garbage() {
    host::Wanted wanted;
    wanted.cgroups = true;
    const host::Facts facts = host::probe(wanted);
    check_records(HostTree(facts).get());
    registry::collect();
    for (const host::CgroupLevel& level : facts.cgroups.levels) {
        if (level.usable) {
            limits::sweep_cgroups(level.path);
        }
    }
    std::vector<std::string> problems = placeholder::sweep().problems;
    const HostTree host(facts);
    for (const std::string& path : host::overlay_place_paths(facts.environment)) {
        if (const std::optional<std::string> place =
                host.get().silent(path) ? std::nullopt : host.get().canonical(path)) {
            changes::sweep_thrown_away(*place, problems);
        }
    }
    return problems;
}

std::string explain(const Spec& spec) {
    return plan::render(make_plan(spec));
}

std::string closed_doors(const Spec& spec) {
    if (spec.only) {
        return {};
    }
    std::string what;
    std::string how;
    const auto add = [&](const std::string& door, const char* key) {
        what += (what.empty() ? "" : ", ") + door;
        how += (how.empty() ? "" : ", ") + std::string(key);
    };
    if (spec.root) {
        add("the host's files were absent", "--ro, --rw");
    } else {
        Spec view = spec;
        view.descriptors.clear();  // they may be closed by now
        view.system_call_profile.reset();
        view.join.clear();  // that sandbox may have ended
        const plan::Plan plan = make_plan(view);
        if (!plan.cwd_writable) {
            add("the current directory was read-only", "--rw .");
        }
        if (!plan.nobodys.empty()) {
            add(spec::escaped(plan.nobodys.front()) + " belonged to nobody", "--map-users");
        }
        if (spec.home == Home::isolated) {
            add("homes were hidden", "--home rw");
        }
    }
    if (spec.network != Network::host) {
        add("the network was off", "--net host");
    }
    return what.empty() ? what : "inside, " + what + " (" + how + ")";
}

}  // namespace sandbox
