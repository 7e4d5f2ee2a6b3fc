#include "plan/report_place.hpp"

#include "spec/escape.hpp"
#include "spec/paths.hpp"

namespace sandbox::plan {

std::vector<std::string> shown_writable(const Plan& plan) {
    std::vector<std::string> paths;
    for (const Step& step : plan.steps) {
        const auto* const bind = std::get_if<BindMount>(&step);
        if (bind != nullptr && !bind->attributes.read_only) {
            const auto area = plan.areas.find(bind->target);
            paths.push_back(area == plan.areas.end() ? bind->source.path : area->second);
        }
    }
    return paths;
}

void check_report_place(const Plan& plan, const Spec& spec, const host::Tree& tree) {
    if (!spec.report || spec.only) {
        return;  // with --only the launcher finds out afterwards
    }
    const std::size_t slash = spec.report->rfind('/');
    const std::string directory = slash == std::string::npos ? "." : spec.report->substr(0, slash + 1);
    const std::optional<std::string> canonical = tree.canonical(directory);
    if (!canonical) {
        return;  // the launcher says so
    }
    for (const std::string& source : shown_writable(plan)) {
        if (*canonical != source && spec::is_below_or_same(*canonical, source)) {
            throw Error("--report " + spec::escaped(*spec.report) + ": the command may write above its directory, in " +
                        spec::escaped(source) + ", and could put another one in its place")
                .with_fix("a file in " + spec::escaped(source) + " itself, or outside of what is shown writable");
        }
    }
}

}  // namespace sandbox::plan
