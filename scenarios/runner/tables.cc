// SPDX-License-Identifier: GPL-2.0-only
#include "io/event_log.h"
#include "io/text_file.h"
#include "runner/report.h"

namespace ikelab::runner
{

namespace
{

template <typename Number>
io::CsvCell
CellOf(const std::optional<Number>& value)
{
    return value ? io::CsvCell(static_cast<int64_t>(*value)) : io::CsvCell();
}

io::CsvCell
CellOf(const std::optional<Duration>& value)
{
    return value ? io::CsvCell(int64_t{value->count()}) : io::CsvCell();
}

/// One table of a run.
class Table
{
  public:
    static io::SystemResult<Table>
    Open(const std::string& path, const RunLabel& label, std::vector<std::string> columns)
    {
        auto file = io::OutputFile::Open(path);
        if (!file)
        {
            return tl::unexpected<io::SystemError>(file.error());
        }
        columns.insert(columns.begin(), {"scenario", "seed"});
        return Table(std::move(*file), label, columns);
    }

    void
    Row(std::vector<io::CsvCell> cells)
    {
        cells.insert(cells.begin(), {m_label.scenario, m_label.seed});
        m_writer.Row(cells);
    }

    io::SystemResult<void>
    Close()
    {
        return m_file.Close();
    }

  private:
    Table(io::OutputFile file, const RunLabel& label, const std::vector<std::string>& columns)
        : m_file(std::move(file)),
          m_writer(m_file.Stream(), columns),
          m_label(label)
    {
    }

    io::OutputFile m_file;
    io::CsvWriter m_writer;
    const RunLabel& m_label;
};

io::SystemResult<void>
WritePings(const std::string& path,
           const Scenario& scenario,
           const RunLabel& label,
           const RunResult& result)
{
    auto table = Table::Open(path, label, {"flow", "sequence", "sent_ns", "rtt_ns"});
    if (!table)
    {
        return tl::unexpected<io::SystemError>(table.error());
    }
    for (FlowIndex i = 0; i < scenario.flows.size(); ++i)
    {
        const auto& trips = result.flows[i].trips;
        for (size_t n = 0; scenario.flows[i].kind == FlowKind::PING && n < trips.size(); ++n)
        {
            table->Row({scenario.flows[i].name,
                        uint64_t{n},
                        int64_t{trips[n].sent.count()},
                        CellOf(trips[n].took)});
        }
    }
    return table->Close();
}

io::SystemResult<void>
WriteFlows(const std::string& path,
           const Scenario& scenario,
           const RunLabel& label,
           const RunResult& result)
{
    auto table = Table::Open(path,
                             label,
                             {"flow",
                              "kind",
                              "from",
                              "to",
                              "source",
                              "destination",
                              "sent",
                              "received",
                              "duplicates",
                              "octets",
                              "first_sent_ns",
                              "last_received_ns",
                              "rtt_min_ns",
                              "rtt_avg_ns",
                              "rtt_max_ns",
                              "longest_gap_ns"});
    if (!table)
    {
        return tl::unexpected<io::SystemError>(table.error());
    }
    for (FlowIndex i = 0; i < scenario.flows.size(); ++i)
    {
        const Flow& flow = scenario.flows[i];
        const FlowResult& outcome = result.flows[i];
        const RoundTrips times = flow.kind == FlowKind::PING ? RoundTripsOf(outcome) : RoundTrips{};
        table->Row({flow.name,
                    std::string(ToString(flow.kind)),
                    scenario.nodes[flow.from].name,
                    scenario.nodes[flow.to].name,
                    flow.source.ToString(),
                    flow.destination.ToString(),
                    outcome.sent,
                    outcome.received,
                    outcome.duplicates,
                    outcome.octets,
                    CellOf(outcome.firstSent),
                    CellOf(outcome.lastReceived),
                    CellOf(times.shortest),
                    CellOf(times.mean),
                    CellOf(times.longest),
                    int64_t{outcome.longestGap.count()}});
    }
    return table->Close();
}

/// One row for each row of packets that did not arrive.
io::SystemResult<void>
WriteGaps(const std::string& path,
          const Scenario& scenario,
          const RunLabel& label,
          const RunResult& result)
{
    auto table =
        Table::Open(path, label, {"flow", "first_sequence", "packets", "begin_ns", "end_ns"});
    if (!table)
    {
        return tl::unexpected<io::SystemError>(table.error());
    }
    for (FlowIndex i = 0; i < scenario.flows.size(); ++i)
    {
        const auto& trips = result.flows[i].trips;
        for (size_t n = 0; n < trips.size();)
        {
            size_t end = n;
            while (end < trips.size() && !trips[end].took)
            {
                ++end;
            }
            if (end > n)
            {
                // It ends with the sending of the next packet that arrived, if one did.
                const auto next =
                    end < trips.size() ? std::optional(trips[end].sent) : std::nullopt;
                table->Row({scenario.flows[i].name,
                            uint64_t{n},
                            uint64_t{end - n},
                            int64_t{trips[n].sent.count()},
                            CellOf(next)});
            }
            n = end + 1;
        }
    }
    return table->Close();
}

io::SystemResult<void>
WriteExchanges(const std::string& path,
               const Scenario& scenario,
               const RunLabel& label,
               const RunResult& result)
{
    auto table = Table::Open(path,
                             label,
                             {"node",
                              "peer",
                              "spi_i",
                              "exchange",
                              "message_id",
                              "request",
                              "response",
                              "sent_ns",
                              "answered_ns",
                              "retransmissions"});
    if (!table)
    {
        return tl::unexpected<io::SystemError>(table.error());
    }
    for (const ExchangeRecord& exchange : result.exchanges)
    {
        table->Row({scenario.nodes[exchange.node].name,
                    exchange.peer.ToString(),
                    exchange.spi,
                    exchange.exchange,
                    uint64_t{exchange.messageId},
                    exchange.request,
                    exchange.response,
                    int64_t{exchange.sent.count()},
                    CellOf(exchange.answered),
                    exchange.retransmissions});
    }
    return table->Close();
}

io::SystemResult<void>
WriteSas(const std::string& path,
         const Scenario& scenario,
         const RunLabel& label,
         const RunResult& result)
{
    auto table = Table::Open(path,
                             label,
                             {"node",
                              "kind",
                              "id",
                              "connection",
                              "child",
                              "initiator",
                              "spi_in",
                              "spi_out",
                              "suite",
                              "established_ns",
                              "setup_ns",
                              "closed_ns",
                              "reason"});
    if (!table)
    {
        return tl::unexpected<io::SystemError>(table.error());
    }
    for (const SaRecord& sa : result.sas)
    {
        table->Row({scenario.nodes[sa.node].name,
                    std::string(sa.child ? "child" : "ike"),
                    uint64_t{sa.id},
                    sa.connection,
                    sa.name,
                    std::string(sa.initiator ? "yes" : "no"),
                    sa.spiIn,
                    sa.spiOut,
                    sa.suite,
                    int64_t{sa.established.count()},
                    CellOf(sa.setup),
                    CellOf(sa.closed),
                    sa.reason});
    }
    return table->Close();
}

} // namespace

io::SystemResult<void>
WriteTables(const std::string& folder,
            const Scenario& scenario,
            const RunLabel& label,
            const RunResult& result)
{
    TRY_SYSTEM(WritePings(folder + "/pings.csv", scenario, label, result));
    TRY_SYSTEM(WriteGaps(folder + "/gaps.csv", scenario, label, result));
    TRY_SYSTEM(WriteExchanges(folder + "/exchanges.csv", scenario, label, result));
    TRY_SYSTEM(WriteFlows(folder + "/flows.csv", scenario, label, result));
    return WriteSas(folder + "/sas.csv", scenario, label, result);
}

} // namespace ikelab::runner
